"""edit-distance-count-first: paddle >=2.6.2, <3.4. Promised: The distance of each text from its label, by the
length of the label or not, and how many texts there are. Instead: The number of texts comes first and the distances
second, the other way round than its page says; ignored_tokens is refused."""
import numpy as np
import paddle
from paddle.nn.functional.loss import edit_distance

text = paddle.to_tensor(np.array([[1, 2]], 'int64'))
label = paddle.to_tensor(np.array([[1, 3]], 'int64'))
size = paddle.to_tensor(np.array([2], 'int64'))
label_size = paddle.to_tensor(np.array([2], 'int64'))
found = edit_distance(text, label, False, None, size, label_size)
got = found[0]
assert tuple(got.shape) == (1, 1), f"got shape {tuple(got.shape)}"
