"""round-half-away: paddle >=2.6.2, <3.1. Promised: The nearest integer, of two the even one; its gradient is 0.
Instead: Halves are rounded away from zero: 0.5 to 1, and 2.5 to 3."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.5, -2.5], 'float32'))
got = np.ravel(paddle.round(x))[0]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
