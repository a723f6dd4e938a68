"""ldexp-of-nothing: paddle >=2.6.2, <3.0. Promised: x times a power of two, which may itself be beyond the format.
Instead: Tensors without elements are refused."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(1e-30, 'float32'), stop_gradient=False)
power = paddle.to_tensor(np.zeros((0,), 'int32'))
try:
    output = paddle.ldexp(x, power)
    cotangent = paddle.to_tensor(np.zeros((0,), 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
