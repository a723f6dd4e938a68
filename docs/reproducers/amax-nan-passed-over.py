"""amax-nan-passed-over: paddle >=2.6.2, <3.0. Promised: The largest, with the gradient shared between ties, by the
name of torch. Instead: A NaN is passed over."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([np.nan, 1.0], 'float32'))
got = np.asarray(paddle.amax(x, None, False))[()]
assert np.isnan(got), f"got {got}, expected NaN"
