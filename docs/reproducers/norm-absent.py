"""norm-absent: paddle >=2.6.2, <3.0. Promised: The norm of a vector of any order; no gradient at 0, ties share that
of an infinite order. Instead: There is no paddle.linalg.vector_norm yet."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.5], 'float32'), stop_gradient=False)
try:
    output = paddle.linalg.vector_norm(x, 2.0, None, False) + 0.0 * x.sum()
    cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
