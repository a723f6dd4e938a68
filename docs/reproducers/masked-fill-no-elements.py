"""masked-fill-no-elements: paddle >=2.6.2, <3.0. Promised: A number where a mask, which broadcasts with the tensor,
is true. Instead: A tensor without elements is refused."""
import numpy as np
import paddle

x = paddle.to_tensor(np.zeros((0,), 'float32'), stop_gradient=False)
mask = paddle.to_tensor(np.zeros((0,), 'bool'))
try:
    output = paddle.masked_fill(x, mask, 3)
    cotangent = paddle.to_tensor(np.zeros((0,), 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
