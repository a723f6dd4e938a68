"""max-pool-nan: paddle >=2.6.2, <3.4 on cpu. Promised: A maximum pool takes the largest value of each window, and
the first of equal ones receives the gradient. Instead: The CPU kernel scans a window by `best = best > value ? best
: value` from the lowest finite number on: a NaN survives only in a window's last place and receives no gradient,
and a window of -inf becomes -3.4e38."""
import numpy as np
import paddle
from paddle.nn import functional

x = paddle.to_tensor(np.array([[[[np.nan, 1.0]], [[1.0, np.nan]], [[-np.inf, -np.inf]]]], 'float32'))
got = np.asarray(functional.max_pool2d(x, [1, 2], [1, 2], [0, 0], ceil_mode=False))[0, 0, 0, 0]
assert np.isnan(got), f"got {got}, expected NaN"
