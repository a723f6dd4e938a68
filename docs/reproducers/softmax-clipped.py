"""softmax-clipped: paddle >=2.6.2, <3.4 on cpu. Promised: A softmax along any axis sums to 1, survives any finite
gap between logits, and gives -inf probability 0. Instead: The CPU kernel clips logit - max at -64, so no
probability is below exp(-64) = 1.6e-28, not even that of -inf: a masked position keeps a share, and a gradient.
Where AVX clips 8 logits at once, a NaN becomes -64 too, and the result is finite."""
import numpy as np
import paddle
from paddle.nn import functional

x = paddle.to_tensor(np.array([0.0, -np.inf, np.nan, 0.0, -1.0, -2.0, -3.0, -4.0], 'float32'))
got = np.ravel(functional.softmax(x, 0))[0]
assert np.isnan(got), f"got {got}, expected NaN"
