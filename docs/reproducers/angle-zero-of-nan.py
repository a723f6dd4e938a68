"""angle-zero-of-nan: paddle >=2.6.2, <3.1. Promised: 0 of positive numbers, pi of negative ones. Instead: The angle
of NaN is 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([np.nan], 'float32'))
got = np.ravel(paddle.angle(x))[0]
assert np.isnan(got), f"got {got}, expected NaN"
