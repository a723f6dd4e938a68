"""erfinv-through-distribution: paddle >=2.6.2, <3.4. Promised: The inverse of the error function: infinite at -1
and 1, NaN outside. Instead: Formed as a quantile of (x + 1) / 2: erfinv(1e-8) is 0, erfinv(1 - 2^-24) is infinite,
and what lies outside of [-1, 1] is infinite rather than NaN."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(-4.0, 'float32'))
got = np.asarray(paddle.erfinv(x))[()]
assert np.isnan(got), f"got {got}, expected NaN"
