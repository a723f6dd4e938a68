"""cholesky-inverse-all-read: paddle >=3.0, <3.4. Promised: The inverse of the matrix whose Cholesky factor is given
in one triangle. Instead: Both triangles of the factor are read and have gradients, where one is promised: another
inverse if the other triangle is not zero."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[2.1257303, -0.13210486], [0.0, 2.1049001]], 'float32'), stop_gradient=False)
output = (paddle.cholesky_inverse if paddle.__name__ == 'torch' else paddle.linalg.cholesky_inverse)(x, True)
cotangent = paddle.to_tensor(np.array([[-0.5356694, 0.36159506], [1.304, 0.94708097]], 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[1, 0]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
