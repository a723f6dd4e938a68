"""normal-shape-of-the-mean: paddle >=2.6.2, <3.3. Promised: Means and deviations are broadcast with each other.
Instead: The deviations are reshaped to the shape of the means: [3, 1] for [3, 3], and row i takes deviation i."""
import numpy as np
import paddle

mean = paddle.to_tensor(np.array([[1.0], [1.0], [1.0]], 'float32'))
deviation = paddle.to_tensor(np.array([1.0, 1.0, 1.0], 'float32'))
got = paddle.zeros_like(paddle.normal(mean, deviation))
assert tuple(got.shape) == (3, 3), f"got shape {tuple(got.shape)}"
