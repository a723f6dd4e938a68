"""fused-rms-norm-lacking: paddle >=2.6.2, <3.0 on cpu. Promised: x over the root of its mean square, times a
weight, plus a bias, in one call. Instead: fused_rms_norm has no CPU kernel."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.5, -1.0]], 'float32'))
weight = paddle.to_tensor(np.array([1.0, 2.0], 'float32'))
bias = paddle.to_tensor(np.array([0.0, 1.0], 'float32'))
try:
    paddle.incubate.nn.functional.fused_rms_norm(x, weight, bias, 1e-05, begin_norm_axis=x.ndim - 1)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
