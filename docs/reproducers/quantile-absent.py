"""quantile-absent: paddle >=2.6.2, <3.0. Promised: The number below which a share of the numbers lies, between two
by one of five ways; NaN where one is. Instead: There is no way of interpolation to choose yet."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.5], 'float32'), stop_gradient=False)
try:
    output = paddle.quantile(x, 0.5, -1, interpolation='linear')
    cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
