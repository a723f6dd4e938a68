"""var-zero-of-one: paddle >=2.6.2, <3.1. Promised: The variance, by count or by one less; NaN of one element by one
less. Instead: Of one element by one less it is 0 rather than NaN."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.5], 'float32'))
got = np.asarray(paddle.var(x, None, bool(1), False))[()]
assert np.isnan(got), f"got {got}, expected NaN"
