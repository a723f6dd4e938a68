"""exp-half-wraps: paddle >=3.2, <3.4. Promised: The exponential function. Instead: In float16 the power of two has
too few bits for its exponent: from -53.4 down the exponential is 2^64 times too large, exp(-53.5) is 1.07e-4 for
0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-53.5], 'float16'))
got = np.ravel(paddle.exp(x))[0]
expected = 0.0
assert abs(got - expected) <= 1.2e-07, f"got {got}, expected {expected}"
