"""viterbi-stop-from-row: paddle >=2.6.2, <3.4. Promised: The sequence of tags with the best sum of emissions and
transitions, from a start and to a stop tag or not. Instead: The score of ending with a tag is read from the row of
the stop tag, which holds the moves away from it, and not from its column, as the page says: another sequence
wins."""
import numpy as np
import paddle
from paddle.text import ViterbiDecoder, viterbi_decode

scores = paddle.to_tensor(np.array([[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]], 'float32'))
moves = paddle.to_tensor(np.array([[1.0, 16.0, 0.0], [2.0, 4.0, 8.0], [32.0, 0.0, 64.0]], 'float32'))
lengths = paddle.to_tensor(np.array([2], 'int64'))
if 'function' == 'function':
    score, path = viterbi_decode(scores, moves, lengths, True)
else:
    score, path = ViterbiDecoder(moves, True)(scores, lengths)
got = np.ravel(score)[0]
expected = 128.0
assert got == expected, f"got {got}, expected {expected}"
