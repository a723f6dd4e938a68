"""leaky-relu-float32-slope: paddle >=2.6.2, <3.3. Promised: x where positive, a fraction of it elsewhere; the
fraction is the gradient at 0. Instead: The slope is an attribute kept in float32, in float64 too, and counts at
exactly 0 as 1."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-0.125], 'float64'))
got = np.ravel(paddle.nn.functional.leaky_relu(x, 0.01))[0]
expected = -0.00125
assert abs(got - expected) <= 5.6e-19, f"got {got}, expected {expected}"
