"""logit-float32-eps: paddle >=3.1, <3.3. Promised: log(x / (1 - x)), of x within eps and 1 - eps where eps is
given; NaN outside of [0, 1] without it. Instead: The bound is an attribute kept in float32, in float64 too."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.0625], 'float64'))
got = np.ravel(paddle.logit(x, 0.1))[0]
expected = -2.197224577336219
assert abs(got - expected) <= 4.6e-15, f"got {got}, expected {expected}"
