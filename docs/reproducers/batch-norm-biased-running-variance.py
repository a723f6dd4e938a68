"""batch-norm-biased-running-variance: paddle >=2.6.2, <3.4. Promised: A training step moves the running mean and
the running unbiased variance by torch's momentum, paddle's 1 - it. Instead: The running variance takes the batch's
biased variance, torch the unbiased one: with n values a channel it is smaller by (n - 1) / n, half for n = 2, and
evaluation after training differs by that much."""
import numpy as np
import paddle
from paddle.nn import functional

x = paddle.to_tensor(np.array([[1.0], [3.0]], 'float32'))
running_mean = paddle.to_tensor(np.array([0.0], 'float32'))
running_variance = paddle.to_tensor(np.array([1.0], 'float32'))
weight = paddle.to_tensor(np.array([1.0], 'float32'))
bias = paddle.to_tensor(np.array([0.0], 'float32'))
functional.batch_norm(x, running_mean, running_variance, weight, bias, True, 1 - 0.5, 1e-05)
got = np.ravel(running_variance)[0]
expected = 1.5
assert abs(got - expected) <= 8.1e-07, f"got {got}, expected {expected}"
