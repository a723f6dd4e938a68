"""linear-empty-unchecked: paddle >=3.0, <3.3.1. Promised: A linear layer replaces the last axis, and refuses
features, biases and mixed dtypes that do not fit. Instead: The features of an input without elements are not
compared with those of the weight; torch, and paddle later, refuse others."""
import numpy as np
import paddle
from paddle.nn import functional

x = paddle.to_tensor(np.zeros((0, 2), 'float32'))
weight = paddle.to_tensor(np.array([[1.0], [1.0]], 'float32'))
bias = paddle.to_tensor(np.array([1.0, 1.0], 'float32'))
try:
    got = {'shape': np.array(functional.linear(x, weight.t(), bias).shape, np.int64)}
except Exception:
    got = None
assert got is None, f'not refused (the features do not fit the weight): got {got}'
