"""atan2-nan-at-origin: paddle >=3.0, <3.4. Promised: The angle of (y, x), in every quadrant and of zeros of both
signs; no gradient at the origin. Instead: At the origin both gradients are NaN; torch's are 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.0], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([0.0], 'float32'), stop_gradient=False)
output = paddle.atan2(x, y)
cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
got = np.ravel(paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0])[0]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
