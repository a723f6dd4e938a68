"""cond-whole-of-ties: paddle >=2.6.2, <3.1. Promised: A norm times that of the inverse, by every order. Instead: Of
sums of rows or columns that are equal each has the whole gradient, and not a share."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[0.75, 0.25], [-0.5, 1.0]]], [[[-0.75, 0.5], [-0.5, -0.5]]]], 'float32'), stop_gradient=False)
output = paddle.linalg.cond(x, -1)
cotangent = paddle.to_tensor(np.array([[1.0], [-3.0]], 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0, 0, 0]
expected = 0.36734694
assert abs(got - expected) <= 1.9e-06, f"got {got}, expected {expected}"
