"""pow-nan-at-a-zero-base: paddle >=2.6.2, <3.1. Promised: x to the power of y: 1 where either says so, NaN where x
is negative and y is not an integer. Instead: Where the base is 0 the gradient of the exponent is NaN: it is 0 times
log(0)."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.0], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([1.0], 'float32'), stop_gradient=False)
output = paddle.pow(x, y)
cotangent = paddle.to_tensor(np.array([2.0], 'float32'))
got = np.ravel(paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0])[0]
expected = 2.0
assert got == expected, f"got {got}, expected {expected}"
