"""digamma-nan-at-zero: paddle >=2.6.2, <3.1. Promised: The derivative of lgamma; at 0 an infinity of the other
sign, NaN at negative integers. Instead: At 0 it is NaN rather than an infinity."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.0], 'float32'))
got = np.ravel(paddle.digamma(x))[0]
expected = -np.inf
assert got == expected, f"got {got}, expected {expected}"
