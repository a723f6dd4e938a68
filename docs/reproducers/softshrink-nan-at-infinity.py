"""softshrink-nan-at-infinity: paddle >=2.6.2, <3.4. Promised: x moved towards 0 by a bound, and 0 within it.
Instead: Infinities become NaN: the parts are multiplied with masks of 0 and 1 and added."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(-np.inf, 'float32'))
got = np.asarray(paddle.nn.functional.softshrink(x, 0.5))[()]
expected = -np.inf
assert got == expected, f"got {got}, expected {expected}"
