"""l1-nan-at-infinity: paddle >=2.6.2, <3.4. Promised: The size of the difference, with no gradient where it is 0.
Instead: The gradient of the absolute value is formed as x / abs(x): where prediction and target are infinitely far
apart it is NaN, and right is 1 or -1."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(-np.inf, 'float32'), stop_gradient=False)
target = paddle.to_tensor(np.array(0.0, 'float32'), stop_gradient=False)
output = paddle.nn.L1Loss(reduction='mean')(x, target)
cotangent = paddle.to_tensor(np.array(-0.544259, 'float32'))
got = np.asarray(paddle.grad([output], [x, target], [cotangent], allow_unused=True)[1])[()]
expected = -0.5442590117454529
assert got == expected, f"got {got}, expected {expected}"
