"""smooth-l1-huber-only: paddle >=2.6.2, <3.1. Promised: The Huber loss divided by beta, so that its slope beyond is
1. Instead: SmoothL1Loss has no is_huber, and always is the Huber loss: beta times torch's."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(1.0, 'float32'), stop_gradient=False)
target = paddle.to_tensor(np.array(4.0, 'float32'), stop_gradient=False)
try:
    output = paddle.nn.SmoothL1Loss('mean', 0.5, is_huber=False)(x, target)
    cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
    paddle.grad([output], [x, target], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
