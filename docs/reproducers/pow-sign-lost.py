"""pow-sign-lost: paddle >=2.6.2, <3.4. Promised: x to the power of a number, for some of which kernels have a way
of their own. Instead: In whole vectors the cube of -inf is +inf; and -0 to the power of -1 is, as is the slope of
the power of -2 there."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-np.inf, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf, -np.inf], 'float32'))
got = np.ravel(paddle.pow(x, 3))[0]
expected = -np.inf
assert got == expected, f"got {got}, expected {expected}"
