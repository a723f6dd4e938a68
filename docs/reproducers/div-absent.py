"""div-absent: paddle >=2.6.2, <3.2. Promised: The quotient as an integer, rounded down or towards 0. Instead: There
is no paddle.div with a rounding mode yet."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0], 'float32'))
y = paddle.to_tensor(np.array([2.0], 'float32'))
try:
    paddle.div(x, y, rounding_mode='trunc')
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
