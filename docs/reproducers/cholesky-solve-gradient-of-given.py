"""cholesky-solve-gradient-of-given: paddle >=2.6.2, <3.4. Promised: The solution for the matrix whose Cholesky
factor is given in one triangle. Instead: The gradient of the factor is formed with whatever stands in the triangle
that nobody reads: -0.0698 for -0.0724."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[2.1257303, -0.13210486], [0.64042264, 2.1049001]], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([[-0.5356694], [0.36159506]], 'float32'), stop_gradient=False)
output = paddle.linalg.cholesky_solve(y, x, True)
cotangent = paddle.to_tensor(np.array([[1.304], [0.94708097]], 'float32'))
got = np.asarray(paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0])[1, 1]
expected = -0.072386416
assert abs(got - expected) <= 1.7e-07, f"got {got}, expected {expected}"
