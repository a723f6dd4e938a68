"""sinc-absent: paddle >=2.6.2, <3.0. Promised: sin(pi x) / (pi x), and 1 at 0. Instead: There is no paddle.sinc
yet."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0], 'float32'), stop_gradient=False)
try:
    output = paddle.sinc(x)
    cotangent = paddle.to_tensor(np.array([2.0], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
