"""svdvals-one-axis-of-batches: paddle >=3.0, <3.4. Promised: The singular values alone. Instead: Of a batch [2, 1]
of matrices the result has the shape [2, k] and not [2, 1, k]: the second axis in front is lost, and a gradient has
too many axes."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[0.85577774]]], [[[0.8797114]]]], 'float32'))
got = paddle.linalg.svdvals(x)
assert tuple(got.shape) == (2, 1, 1), f"got shape {tuple(got.shape)}"
