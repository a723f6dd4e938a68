"""mt-absent: paddle >=2.6.2, <3.0. Promised: A matrix turned over, by attribute, method and function. Instead: The
attribute mT came later."""
import numpy as np
import paddle

x = paddle.to_tensor(np.zeros((0, 1), 'float32'), stop_gradient=False)
try:
    output = x.mT
    cotangent = paddle.to_tensor(np.zeros((1, 0), 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
