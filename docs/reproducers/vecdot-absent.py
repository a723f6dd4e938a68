"""vecdot-absent: paddle >=2.6.2, <3.0. Promised: The sums of products along an axis, of which the first factors are
conjugate. Instead: There is no such call."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.12573022, -0.13210486, 0.64042264], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([0.104900114, -0.5356694, 0.36159506], 'float32'), stop_gradient=False)
try:
    output = paddle.linalg.vecdot(x, y, -1)
    cotangent = paddle.to_tensor(np.array(1.304, 'float32'))
    paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
