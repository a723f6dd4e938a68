"""sinc-one-for-nan: paddle >=3.0, <3.4. Promised: sin(pi x) / (pi x), and 1 at 0. Instead: NaN and infinities
become 1: what is not finite is taken for 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(-np.inf, 'float32'))
got = np.asarray(paddle.sinc(x))[()]
assert np.isnan(got), f"got {got}, expected NaN"
