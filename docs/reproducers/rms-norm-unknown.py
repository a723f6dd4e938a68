"""rms-norm-unknown: paddle >=2.6.2, <3.3. Promised: x over the root of its mean square, times a weight. Instead:
There is no rms_norm."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[4.0, 1.0, -3.0]], 'float32'), stop_gradient=False)
weight = paddle.to_tensor(np.array([2.0, 0.2602767, 1.0], 'float32'), stop_gradient=False)
try:
    output = paddle.nn.functional.rms_norm(x, (x.shape[-1],), weight, 1e-05)[0]
    cotangent = paddle.to_tensor(np.array([[1.0, 4.0, 0.0]], 'float32'))
    paddle.grad([output], [x, weight], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
