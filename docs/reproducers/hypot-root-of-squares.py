"""hypot-root-of-squares: paddle >=2.6.2, <3.4. Promised: The length of (x, y), which neither large nor small sides
take out of the range; infinite where one side is. Instead: The squares are formed, which overflow and underflow:
hypot(1e-30, 1e-30) is 0 and hypot(1e30, 1e30) infinite."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1e-30], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([1e-30], 'float32'), stop_gradient=False)
output = paddle.hypot(x, y)
cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
got = np.ravel(paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0])[0]
expected = 0.707106781
assert abs(got - expected) <= 2.6e-07, f"got {got}, expected {expected}"
