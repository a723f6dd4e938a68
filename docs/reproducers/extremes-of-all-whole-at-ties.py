"""extremes-of-all-whole-at-ties: paddle >=2.6.2, <3.1. Promised: The largest and the smallest of all, as a function
and as a method. Instead: Each of those that are equal has the whole gradient, also without an axis."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0, 1.0], 'float32'), stop_gradient=False)
output = x.max() + paddle.min(x) * 0
cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = 0.5
assert got == expected, f"got {got}, expected {expected}"
