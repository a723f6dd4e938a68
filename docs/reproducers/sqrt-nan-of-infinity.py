"""sqrt-nan-of-infinity: paddle >=2.6.2, <3.4. Promised: The square root: an infinite slope at 0, NaN below.
Instead: The vectorised float32 kernel forms x / sqrt(x) times x: in whole vectors of eight the root of infinity is
NaN, and infinity in the rest."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([np.inf, np.inf, np.inf, np.inf, np.inf, np.inf, np.inf, np.inf], 'float32'))
got = np.ravel(paddle.sqrt(x))[0]
expected = np.inf
assert got == expected, f"got {got}, expected {expected}"
