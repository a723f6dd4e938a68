"""logsumexp-nan-of-infinity: paddle >=2.6.2, <3.4. Promised: log(sum(exp(x))): infinite where one is, -inf where
all are. Instead: Where the largest is infinite, of either sign, it is NaN."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([np.inf, np.inf, 1.0], 'float32'))
got = np.asarray(paddle.logsumexp(x, 0, False))[()]
expected = np.inf
assert got == expected, f"got {got}, expected {expected}"
