"""fused-layer-norm-lacking: paddle >=2.6.2, <3.0 on cpu. Promised: A layer norm of the sum of an input, a bias and
a scaled residual, in one call. Instead: fused_layer_norm has no CPU kernel."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.5, -1.0]], 'float32'))
weight = paddle.to_tensor(np.array([1.0, 2.0], 'float32'))
bias = paddle.to_tensor(np.array([0.0, 1.0], 'float32'))
try:
    (lambda found: found[0] if isinstance(found, (tuple, list)) else found)(paddle.incubate.nn.functional.fused_layer_norm(x, weight, bias, 1e-05, 1.0, x.ndim - 1, bias=None, residual=None))
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
