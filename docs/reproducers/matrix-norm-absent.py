"""matrix-norm-absent: paddle >=2.6.2, <3.0. Promised: Sums of rows and columns, and of singular values, by every
order. Instead: There is no such call."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.6908237]], 'float32'), stop_gradient=False)
try:
    output = paddle.linalg.matrix_norm(x, 'fro', [-2, -1])
    cotangent = paddle.to_tensor(np.array(0.104900114, 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
