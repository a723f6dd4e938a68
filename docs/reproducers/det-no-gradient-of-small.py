"""det-no-gradient-of-small: paddle >=3.1.1, <3.4. Promised: The determinant of regular matrices. Instead: A
determinant below 1e-5 in float32, 1e-12 in float64, counts as 0, and the gradient is 0: of 0.001 times a unit
matrix it is 0 for 0.001. In a batch one such matrix takes the gradient of all others away."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.0009765625, 0.0], [0.0, 0.0009765625]], 'float32'), stop_gradient=False)
output = paddle.linalg.det(x)
cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0]
expected = 0.0009765625
assert abs(got - expected) <= 1.4e-09, f"got {got}, expected {expected}"
