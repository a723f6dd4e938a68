"""batch-norm-any-eps: torch >=2.4, <2.10. Promised: A batch norm keeps the shape, and refuses other channels, a
negative eps and training on one value a channel. In training an eps of 0 is refused too: equal values of a channel
would be divided by 0. Instead: A negative eps is taken, and one of 0 in training: where the variance is no larger,
the result is NaN or infinite. Release 2.10 refuses both."""
import numpy as np
import torch
from torch.nn import functional

x = torch.tensor(np.array([[1.0], [3.0]], 'float32'))
mean = torch.tensor(np.array([0.0], 'float32'))
variance = torch.tensor(np.array([1.0], 'float32'))
weight = torch.tensor(np.array([1.0], 'float32'))
bias = torch.tensor(np.array([1.0], 'float32'))
try:
    output = functional.batch_norm(x, mean, variance, weight, bias, False, 0.1, -1e-05)
    got = {'shape': np.array(output.shape, np.int64)}
except Exception:
    got = None
assert got is None, f'not refused (eps must be positive): got {got}'
