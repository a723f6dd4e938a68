"""remainder-without-gradient: paddle >=2.6.2, <3.0. Promised: What floor division leaves, with the sign of the
divisor; its gradients are 1 and minus the quotient. Instead: It has no gradient yet."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([2.0], 'float32'), stop_gradient=False)
try:
    output = paddle.remainder(x, y)
    cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
    paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
