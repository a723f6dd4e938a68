"""sort-stable-unknown: paddle >=2.6.2, <3.0. Promised: A stable sort: each element keeps its own gradient, equal
ones in the order in which they stood. Instead: The argument stable came later."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.12573022], 'float32'), stop_gradient=False)
try:
    output = paddle.sort(x, axis=0, descending=False, stable=True)
    cotangent = paddle.to_tensor(np.array([-0.13210486], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
