"""index-none-first: paddle >=2.6.2, <3.4. Promised: None before a tensor of integers, each of which is 0, is a
first axis. Instead: x[None, [0, 0]] is x[None][[0, 0]]: the tensor chooses along the axis that None made, and its
result has another shape."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-0.13210486], 'float32'))
first = paddle.to_tensor(np.array([0, 0], 'int64'))
got = x[None, first]
assert tuple(got.shape) == (1, 2), f"got shape {tuple(got.shape)}"
