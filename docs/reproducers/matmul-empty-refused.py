"""matmul-empty-refused: paddle >=2.6.2, <3.0. Promised: The product of vectors, matrices and batches of every rank,
either of which may be transposed. Instead: Matrices without elements are refused."""
import numpy as np
import paddle

x = paddle.to_tensor(np.zeros((0, 2), 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], 'float32'), stop_gradient=False)
try:
    output = paddle.matmul(x, y, transpose_x=False, transpose_y=False)
    cotangent = paddle.to_tensor(np.zeros((0, 3), 'float32'))
    paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
