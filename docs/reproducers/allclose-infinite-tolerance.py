"""allclose-infinite-tolerance: paddle >=2.6.2, <3.4. Promised: Whether all are close. Instead: Every number is
close to an infinite second one: the tolerance is a multiple of it."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.25], 'float32'))
y = paddle.to_tensor(np.array([-np.inf], 'float32'))
got = np.asarray(paddle.allclose(x, y, *(1e-05, 1e-08), False))[()]
expected = False
assert got == expected, f"got {got}, expected {expected}"
