"""median-absent: paddle >=2.6.2, <3.0. Promised: The middle of the sorted numbers, of two the lower; NaN where one
is. Of ties any may have the gradient. Instead: There is no mode yet that takes the lower of two."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.5], 'float32'), stop_gradient=False)
try:
    output = paddle.median(x, -1, mode='min')[0]
    cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
