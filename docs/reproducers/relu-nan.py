"""relu-nan: paddle >=2.6.2, <3.4 on cpu. Promised: ReLU keeps positive numbers, zeroes negative ones and passes on
NaN; its gradient at 0 is 0. Instead: The CPU kernel computes x > 0 ? x : 0, so a NaN becomes 0 and the fault that
made it is hidden; torch passes it on."""
import numpy as np
import paddle
from paddle.nn import functional

x = paddle.to_tensor(np.array([np.nan, 1.0, -1.0], 'float32'))
got = np.ravel(functional.relu(x))[0]
assert np.isnan(got), f"got {got}, expected NaN"
