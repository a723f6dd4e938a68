"""addmm-float32-factors: paddle >=2.6.2, <3.4. Promised: beta times a matrix, which is broadcast, plus alpha times
a product. Instead: Both factors are attributes kept in float32, in float64 too."""
import numpy as np
import paddle

input = paddle.to_tensor(np.array([[1.0]], 'float64'), stop_gradient=False)
x = paddle.to_tensor(np.array([[1.0]], 'float64'), stop_gradient=False)
y = paddle.to_tensor(np.array([[1.0]], 'float64'), stop_gradient=False)
output = paddle.addmm(input, x, y, 1.0, 0.1)
cotangent = paddle.to_tensor(np.array([[1.0]], 'float64'))
got = np.asarray(paddle.grad([output], [input, x, y], [cotangent], allow_unused=True)[1])[0, 0]
expected = 0.1
assert abs(got - expected) <= 6.7e-17, f"got {got}, expected {expected}"
