"""ormqr-absent: paddle >=2.6.2, <3.0. Promised: A matrix times a product of reflections, from either side, which
may be transposed. Instead: There is no such call."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.12573022]], 'float32'))
y = paddle.to_tensor(np.array([[-0.13210486]], 'float32'))
try:
    def _factors(x):
        return 2.0 / ((x.tril(-1) ** 2).sum(-2) + 1.0)
    paddle.linalg.ormqr(x, _factors(x), y, False, False)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
