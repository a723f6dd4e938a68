"""assign-masked-broadcast: paddle >=2.6.2, <3.0. Promised: A tensor for each part that is masked, or one for all of
them. Instead: y[mask] = v broadcasts v to all of y, where it should hold an element for each that is masked: a
length that does not fit is refused, one that fits gives others."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.12573022, -0.13210486, 0.64042264], 'float32'), stop_gradient=False)
mask = paddle.to_tensor(np.array([True, True, False], 'bool'))
v = paddle.to_tensor(np.array([0.104900114, -0.5356694], 'float32'), stop_gradient=False)
try:
    y = x.clone()
    y[mask] = v
    output = y
    cotangent = paddle.to_tensor(np.array([0.36159506, 1.304, 0.94708097], 'float32'))
    paddle.grad([output], [x, v], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
