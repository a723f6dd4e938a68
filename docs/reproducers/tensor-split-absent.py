"""tensor-split-absent: paddle >=2.6.2, <3.0. Promised: Parts of which the first have one element more, joined again
from the last to the first. Instead: tensor_split came later."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.12573022], 'float32'), stop_gradient=False)
try:
    output = paddle.concat(paddle.tensor_split(x, 1, 0)[::-1], 0)
    cotangent = paddle.to_tensor(np.array([-0.13210486], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
