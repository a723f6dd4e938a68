"""batch-norm-positive-eps: torch >=2.10, <2.12. Promised: A batch norm keeps the shape, and refuses other channels,
a negative eps and training on one value a channel. In training an eps of 0 is refused too: equal values of a
channel would be divided by 0. Instead: An eps of 0 is refused in evaluation too, where nothing is divided by the
variance of a batch: models with folded statistics, which ran before 2.10 and run again from 2.12 on, fail."""
import numpy as np
import torch
from torch.nn import functional

x = torch.tensor(np.array([[1.0], [3.0]], 'float32'))
mean = torch.tensor(np.array([0.0], 'float32'))
variance = torch.tensor(np.array([1.0], 'float32'))
weight = torch.tensor(np.array([1.0], 'float32'))
bias = torch.tensor(np.array([1.0], 'float32'))
try:
    output = functional.batch_norm(x, mean, variance, weight, bias, False, 0.1, 0.0)
    {'shape': np.array(output.shape, np.int64)}
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
