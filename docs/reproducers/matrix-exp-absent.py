"""matrix-exp-absent: paddle >=2.6.2, <3.0. Promised: The exponential series of a matrix. Instead: There is no such
call."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[-1.0, 3.0, -2.0], [-2.0, 2.0, 2.0], [3.0, -1.0, 4.0]], 'float32'), stop_gradient=False)
try:
    output = paddle.linalg.matrix_exp(x)
    cotangent = paddle.to_tensor(np.array([[-2.0, -2.0, 3.0], [3.0, -4.0, -4.0], [2.0, -1.0, 1.0]], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
