"""tile-first-count: paddle >=2.6.2, <3.4. Promised: The whole repeated along each axis, the counts in one argument
or in several; the gradient is their sum. Instead: tile(2, 1) repeats twice along the last axis: the second number
is taken for a name, and lost."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(-0.13210486, 'float32'))
got = x.tile(*(2, 1))
assert tuple(got.shape) == (2, 1), f"got shape {tuple(got.shape)}"
