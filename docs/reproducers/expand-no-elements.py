"""expand-no-elements: paddle >=2.6.2, <3.0. Promised: Axes of length 1 repeated and axes put in front, -1 keeping a
length; the gradient is the sum of the repeats. Instead: A shape that names the length 0 is refused; where -1 keeps
it, the gradient is."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(0.12573022, 'float32'), stop_gradient=False)
try:
    output = x.expand(list((0,)))
    cotangent = paddle.to_tensor(np.zeros((0,), 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
