"""householder-gradient-refused: paddle >=2.6.2, <3.4. Promised: The first columns of a product of reflections, and
its gradient. Instead: Backward raises an error about an in-place operation of its own."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.12573022]], 'float32'), stop_gradient=False)
try:
    def _factors(x):
        return 2.0 / ((x.tril(-1) ** 2).sum(-2) + 1.0)
    output = paddle.linalg.householder_product(x, _factors(x))
    cotangent = paddle.to_tensor(np.array([[-0.13210486]], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
