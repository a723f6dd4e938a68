"""conv2d-broadcast-bias: paddle >=2.6.2, <3.4. Promised: A convolution gives floor((H + 2p - d(k - 1) - 1) / s) + 1
pixels a side, and refuses channels, axes and settings that do not fit. Instead: A bias of another length than the
output channels is broadcast, also to more channels, where one of the two has length 1."""
import numpy as np
import paddle
from paddle.nn import functional

x = paddle.to_tensor(np.array([[[[1.0]]]], 'float32'))
weight = paddle.to_tensor(np.array([[[[1.0]]], [[[1.0]]]], 'float32'))
bias = paddle.to_tensor(np.array([1.0], 'float32'))
try:
    output = functional.conv2d(x, weight, bias, [1, 1], [0, 0], [1, 1], 1)
    got = {'shape': np.array(output.shape, np.int64)}
except Exception:
    got = None
assert got is None, f'not refused (one bias for each output channel): got {got}'
