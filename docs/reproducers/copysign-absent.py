"""copysign-absent: paddle >=2.6.2, <3.0. Promised: The size of x with the sign of y, also of a zero's. Instead:
There is no paddle.copysign yet."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([2.0], 'float32'), stop_gradient=False)
try:
    output = paddle.copysign(x, y)
    cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
    paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
