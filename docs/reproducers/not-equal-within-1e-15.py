"""not-equal-within-1e-15: paddle >=3.1, <3.4. Promised: Where two are not equal. Instead: Floating numbers count as
equal where they are less than 1e-15 apart: 1e-20 equals 1e-30, in float64 too."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1e-20], 'float32'))
y = paddle.to_tensor(np.array([1e-30], 'float32'))
got = np.ravel(paddle.not_equal(x, y))[0]
expected = True
assert got == expected, f"got {got}, expected {expected}"
