"""min-whole-at-ties: paddle >=2.6.2, <3.1. Promised: The smallest, NaN where one is; those that are equal share the
gradient. Instead: Each of those that are equal has the whole gradient, also without an axis."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0, 1.0], 'float32'), stop_gradient=False)
output = paddle.min(x, None, False)
cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = 0.5
assert got == expected, f"got {got}, expected {expected}"
