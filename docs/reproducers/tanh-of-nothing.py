"""tanh-of-nothing: paddle >=2.6.2, <3.0. Promised: The hyperbolic tangent. Instead: The gradient of a tensor
without elements raises an error: Unable to fill empty grad inputs."""
import numpy as np
import paddle

x = paddle.to_tensor(np.zeros((0,), 'float32'), stop_gradient=False)
try:
    def _built(f, x, how, module, function):
        if 'in place' == 'module':
            return getattr(f.nn, module)()(x)
        if 'in place' == 'method':
            return getattr(x, function)()
        if 'in place' == 'in place':
            return getattr(f.nn.functional, f'{function}_')(x * 1)
        return getattr(f.nn.functional, function)(x)
    output = (x * 1).tanh_()
    cotangent = paddle.to_tensor(np.zeros((0,), 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
