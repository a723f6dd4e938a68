"""gather-gradient-of-the-first-slice: paddle >=2.6.2, <3.1. Promised: Slices along an axis, in the order of their
indices; one named twice gets both gradients. Instead: The gradient of paddle.gather along an axis after the first
is that of the first slice for every slice: of two rows with incoming gradients 1 and 2, both get 1."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[1.0], [2.0]], 'float32'), stop_gradient=False)
index = paddle.to_tensor(np.array([0], 'int64'))
output = paddle.gather(x, index, 1 % x.ndim)
cotangent = paddle.to_tensor(np.array([[1.0], [2.0]], 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[1, 0]
expected = 2.0
assert got == expected, f"got {got}, expected {expected}"
