"""cholesky-inverse-absent: paddle >=2.6.2, <3.0. Promised: The inverse of the matrix whose Cholesky factor is given
in one triangle. Instead: There is no such call."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[2.1257303, -0.13210486], [0.0, 2.1049001]], 'float32'), stop_gradient=False)
try:
    output = (paddle.cholesky_inverse if paddle.__name__ == 'torch' else paddle.linalg.cholesky_inverse)(x, True)
    cotangent = paddle.to_tensor(np.array([[-0.5356694, 0.36159506], [1.304, 0.94708097]], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
