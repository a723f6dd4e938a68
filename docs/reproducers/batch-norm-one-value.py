"""batch-norm-one-value: paddle >=2.6.2, <3.4. Promised: A batch norm keeps the shape, and refuses other channels, a
negative eps and training on one value a channel. In training an eps of 0 is refused too: equal values of a channel
would be divided by 0. Instead: Training on one value a channel is not refused: it has variance 0, so the output is
the bias whatever the input. An eps of 0 or less is taken too."""
import numpy as np
import paddle
from paddle.nn import functional

x = paddle.to_tensor(np.array([[1.0]], 'float32'))
mean = paddle.to_tensor(np.array([0.0], 'float32'))
variance = paddle.to_tensor(np.array([1.0], 'float32'))
weight = paddle.to_tensor(np.array([1.0], 'float32'))
bias = paddle.to_tensor(np.array([1.0], 'float32'))
try:
    output = functional.batch_norm(x, mean, variance, weight, bias, True, 0.9, 1e-05)
    got = {'shape': np.array(output.shape, np.int64)}
except Exception:
    got = None
assert got is None, f'not refused (one value has no variance): got {got}'
