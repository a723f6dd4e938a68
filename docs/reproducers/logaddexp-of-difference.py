"""logaddexp-of-difference: paddle >=3.1, <3.4. Promised: log(exp(x) + exp(y)), of large and infinite numbers too.
Instead: Formed of the size of x - y: of two equal infinities it is NaN, and beside an infinity the gradients are
NaN."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([np.inf], 'float32'))
y = paddle.to_tensor(np.array([np.inf], 'float32'))
got = np.ravel(paddle.logaddexp(x, y))[0]
expected = np.inf
assert got == expected, f"got {got}, expected {expected}"
