"""not-equal-within-1e-8: paddle >=2.6.2, <3.1. Promised: Where two are not equal. Instead: Floating numbers count
as equal where they are less than 1e-8 apart: in float64 1 equals 1 + 1e-9."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1e-09], 'float64'))
y = paddle.to_tensor(np.array([2e-09], 'float64'))
got = np.ravel(paddle.not_equal(x, y))[0]
expected = True
assert got == expected, f"got {got}, expected {expected}"
