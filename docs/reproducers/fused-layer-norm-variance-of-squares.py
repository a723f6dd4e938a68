"""fused-layer-norm-variance-of-squares: paddle >=3.0, <3.4. Promised: A layer norm of the sum of an input, a bias
and a scaled residual, in one call. Instead: The variance is the mean square less the square of the mean: of numbers
near 100 that differ by 0.1 the result is off by a hundredth, -1.152 for -1.135."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[100.1, 100.2, 100.35]], 'float32'))
weight = paddle.to_tensor(np.array([1.0, 1.0, 1.0], 'float32'))
bias = paddle.to_tensor(np.array([0.0, 0.0, 0.0], 'float32'))
got = np.asarray((lambda found: found[0] if isinstance(found, (tuple, list)) else found)(paddle.incubate.nn.functional.fused_layer_norm(x, weight, bias, 1e-05, 1.0, x.ndim - 1, bias=None, residual=None)))[0, 0]
expected = -1.13501
assert abs(got - expected) <= 0.00099, f"got {got}, expected {expected}"
