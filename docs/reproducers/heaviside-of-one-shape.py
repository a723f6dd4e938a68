"""heaviside-of-one-shape: paddle >=2.6.2, <3.1. Promised: 0 of negative numbers and of NaN, 1 of positive ones, the
second argument at 0. Instead: Where the first is broadcast the values at 0 are others."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.0], 'float32'))
y = paddle.to_tensor(np.array([[0.25, 0.5, 0.75]], 'float32'))
got = np.asarray(paddle.heaviside(x, y))[0, 0]
expected = 0.25
assert got == expected, f"got {got}, expected {expected}"
