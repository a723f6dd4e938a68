"""matmul-empty-not-broadcast: paddle >=3.0, <3.1. Promised: The product of vectors, matrices and batches of every
rank, either of which may be transposed. Instead: A product of batches without elements has all axes of both but the
one between: [1, 0, 3] times [1, 3, 1] has the shape [1, 0, 3, 1]."""
import numpy as np
import paddle

x = paddle.to_tensor(np.zeros((1, 0, 3), 'float32'))
y = paddle.to_tensor(np.array([[[1.0], [2.0], [3.0]]], 'float32'))
got = paddle.matmul(x, y, transpose_x=False, transpose_y=False)
assert tuple(got.shape) == (1, 0, 1), f"got shape {tuple(got.shape)}"
