"""lstsq-gradient-refused: paddle >=2.6.2, <3.4. Promised: What gives the least squares of residuals, of matrices of
full rank, with its gradient. Instead: The solution has no gradient: it is cut off from its inputs, and asking for
one raises an error."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.6908237]], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([[0.104900114]], 'float32'), stop_gradient=False)
try:
    output = paddle.linalg.lstsq(x, y)[0]
    cotangent = paddle.to_tensor(np.array([[-0.5356694]], 'float32'))
    paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
