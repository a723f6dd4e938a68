"""clamp-none-at-bounds: paddle >=2.6.2, <3.1. Promised: x within bounds, either of which may lack; the gradient
passes within and at them. Instead: At exactly a bound the gradient is 0; later releases pass it."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0], 'float32'), stop_gradient=False)
output = paddle.clip(x, *(-1.0, 1.0))
cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = 1.0
assert got == expected, f"got {got}, expected {expected}"
