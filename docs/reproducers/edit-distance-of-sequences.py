"""edit-distance-of-sequences: paddle >=2.6.2, <3.0. Promised: The distance of each text from its label, by the
length of the label or not, and how many texts there are. Instead: Tokens are ignored in tensors with a table of
sequences alone, which no call makes any more."""
import numpy as np
import paddle
from paddle.nn.functional.loss import edit_distance

text = paddle.to_tensor(np.array([[2]], 'int64'))
label = paddle.to_tensor(np.array([[1]], 'int64'))
size = paddle.to_tensor(np.array([1], 'int64'))
label_size = paddle.to_tensor(np.array([1], 'int64'))
try:
    found = edit_distance(text, label, False, [3], size, label_size)
    {'distance': found[0], 'count': found[1]}
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
