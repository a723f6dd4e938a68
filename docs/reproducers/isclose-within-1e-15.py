"""isclose-within-1e-15: paddle >=2.6.2, <3.4. Promised: Where |x - y| is at most atol + rtol |y|; infinities are
close to themselves only, NaN to NaN where told so. Instead: What is within 1e-15 of the tolerance counts as close:
with a tolerance of 0, 1e-30 is close to 2e-30."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1e-30], 'float32'))
y = paddle.to_tensor(np.array([2e-30], 'float32'))
got = np.ravel(paddle.isclose(x, y, *(0.0, 0.0), False))[0]
expected = False
assert got == expected, f"got {got}, expected {expected}"
