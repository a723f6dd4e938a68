"""pow-nan-at-no-power: paddle >=2.6.2, <3.0. Promised: x to the power of a number, for some of which kernels have a
way of their own. Instead: The gradient of x ** 0 is 0 times x ** -1: at 0 it is NaN."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.0], 'float32'), stop_gradient=False)
output = paddle.pow(x, 0)
cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
