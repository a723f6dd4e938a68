"""logit-zero-outside: paddle >=2.6.2, <3.1. Promised: log(x / (1 - x)), of x within eps and 1 - eps where eps is
given; NaN outside of [0, 1] without it. Instead: Outside of [0, 1], where the value is NaN, the gradient is 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.25], 'float32'), stop_gradient=False)
output = paddle.logit(x, None)
cotangent = paddle.to_tensor(np.array([2.0], 'float32'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
assert np.isnan(got), f"got {got}, expected NaN"
