"""viterbi-two-tags-refused: paddle >=2.6.2, <3.1. Promised: The sequence of tags with the best sum of emissions and
transitions, from a start and to a stop tag or not. Instead: Two tags in all are refused, with a message of the
kernel's own cuts."""
import numpy as np
import paddle
from paddle.text import ViterbiDecoder, viterbi_decode

scores = paddle.to_tensor(np.array([[[0.0, 1.0]]], 'float32'))
moves = paddle.to_tensor(np.array([[1.0, 16.0], [2.0, 4.0]], 'float32'))
lengths = paddle.to_tensor(np.array([1], 'int64'))
try:
    if 'function' == 'function':
        score, path = viterbi_decode(scores, moves, lengths, False)
    else:
        score, path = ViterbiDecoder(moves, False)(scores, lengths)
    {'score': score, 'path': path}
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
