"""threshold-nan-at-infinity: paddle >=2.6.2, <3.4. Promised: x above a threshold, another value elsewhere. Instead:
-inf becomes NaN: it is multiplied with a mask of 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.ascontiguousarray(np.array([[[-0.0, -np.inf], [-0.0, 0.5]], [[0.26445562, 0.5], [0.0, np.nan]]], 'float32').T)).moveaxis((0, 1, 2), (2, 1, 0))
got = np.asarray(paddle.nn.functional.thresholded_relu(x, 0.5, 0.0))[0, 0, 1]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
