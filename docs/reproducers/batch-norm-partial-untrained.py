"""batch-norm-partial-untrained: paddle >=2.6.2, <3.4. Promised: A batch norm with only a weight, or only a bias,
trains it. Instead: functional.batch_norm with a weight and no bias, or a bias and no weight, returns the right
output but no gradient for the one that is there: it is silently not trained."""
import numpy as np
import paddle
from paddle.nn import functional

x = paddle.to_tensor(np.array([[1.0], [3.0], [4.0]], 'float32'), stop_gradient=False)
running_mean = paddle.to_tensor(np.array([0.0], 'float32'))
running_variance = paddle.to_tensor(np.array([1.0], 'float32'))
weight = paddle.to_tensor(np.array([2.0], 'float32'), stop_gradient=False)
output = functional.batch_norm(x, running_mean, running_variance, weight, None, True, 1 - 0.5, 1e-05)
cotangent = paddle.to_tensor(np.array([[1.0], [2.0], [5.0]], 'float32'))
got = paddle.grad([output], [x, weight], [cotangent], allow_unused=True)[1]
assert got is not None, "gradient.weight is missing"
