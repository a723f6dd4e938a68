"""unsqueeze-no-elements: paddle >=2.6.2, <3.0. Promised: An axis of length 1 put in, counted from either end.
Instead: A tensor without elements is refused an axis of length 1."""
import numpy as np
import paddle

x = paddle.to_tensor(np.zeros((0,), 'float32'), stop_gradient=False)
try:
    output = paddle.unsqueeze(x, 0)
    cotangent = paddle.to_tensor(np.zeros((1, 0), 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
