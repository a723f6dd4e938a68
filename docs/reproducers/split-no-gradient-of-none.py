"""split-no-gradient-of-none: paddle >=2.6.2, <3.0. Promised: Parts of given lengths, or of equal ones, joined again
from the last to the first. Instead: The gradient is refused where one of the parts has no element."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.12573022], 'float32'), stop_gradient=False)
try:
    output = paddle.concat((lambda *a: paddle.split(x, *a))([1, 0], 0)[::-1], 0)
    cotangent = paddle.to_tensor(np.array([-0.13210486], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
