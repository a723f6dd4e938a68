"""std-nan-at-zero: paddle >=2.6.2, <3.4. Promised: The root of the variance; no gradient where it is 0. Instead:
Where all are equal the gradient is NaN: the slope of a root at 0 times 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([2.0, 2.0], 'float32'), stop_gradient=False)
output = paddle.std(x, None, bool(1), False)
cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
