"""scale-float32-bias: paddle >=2.6.2, <3.0. Promised: A factor times x, and a number added before or after.
Instead: The number that is added is an attribute kept in float32, in float64 too."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.5], 'float64'))
got = np.ravel(paddle.scale(x, 2.0, 0.1, True))[0]
expected = 1.1
assert abs(got - expected) <= 2.7e-16, f"got {got}, expected {expected}"
