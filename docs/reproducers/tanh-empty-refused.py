"""tanh-empty-refused: paddle >=2.6.2, <3.0. Promised: The hyperbolic tangent. Instead: The gradient of a tensor
without elements is an error."""
import numpy as np
import paddle

x = paddle.to_tensor(np.zeros((0,), 'float32'), stop_gradient=False)
try:
    output = paddle.tanh(x)
    cotangent = paddle.to_tensor(np.zeros((0,), 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
