"""linear-empty-batch: paddle ==2.6.2. Promised: A linear layer replaces the last axis, and refuses features, biases
and mixed dtypes that do not fit. Instead: A matrix product with nothing to multiply is refused; torch, and paddle
later, return one of no results."""
import numpy as np
import paddle
from paddle.nn import functional

x = paddle.to_tensor(np.zeros((0, 1), 'float32'))
weight = paddle.to_tensor(np.array([[1.0], [1.0]], 'float32'))
bias = paddle.to_tensor(np.array([1.0, 1.0], 'float32'))
try:
    {'shape': np.array(functional.linear(x, weight.t(), bias).shape, np.int64)}
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
