"""repeat-interleave-no-counts: paddle >=3.1, <3.4. Promised: Each element repeated, as often as a number or as a
tensor of counts says. Instead: An empty tensor of counts, for an input without rows, is refused: the length of the
counts can't be 0. For an empty vector it is taken."""
import numpy as np
import paddle

x = paddle.to_tensor(np.zeros((0, 3), 'float32'), stop_gradient=False)
counts = paddle.to_tensor(np.zeros((0,), 'int64'))
try:
    output = paddle.repeat_interleave(x, counts, 0)
    cotangent = paddle.to_tensor(np.zeros((0, 3), 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
