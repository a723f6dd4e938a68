"""nonzero-columns: paddle >=3.0, <3.1. Promised: Where elements are not zero, NaN among them: rows of indices, or
for each axis a tensor of its own. Instead: With as_tuple each part is a column and not a row."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.0], 'float32'))
got = paddle.stack(paddle.nonzero(x, as_tuple=True), -1)
assert tuple(got.shape) == (0, 1), f"got shape {tuple(got.shape)}"
