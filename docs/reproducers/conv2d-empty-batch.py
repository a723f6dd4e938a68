"""conv2d-empty-batch: paddle >=2.6.2, <3.1.1. Promised: A convolution gives floor((H + 2p - d(k - 1) - 1) / s) + 1
pixels a side, and refuses channels, axes and settings that do not fit. Instead: A convolution refuses a batch of no
images; torch, and paddle later, return one of no results."""
import numpy as np
import paddle
from paddle.nn import functional

x = paddle.to_tensor(np.zeros((0, 1, 1, 1), 'float32'))
weight = paddle.to_tensor(np.array([[[[1.0]]]], 'float32'))
try:
    output = functional.conv2d(x, weight, None, [1, 1], [0, 0], [1, 1], 1)
    {'shape': np.array(output.shape, np.int64)}
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
