"""positions-hardsigmoid-without-slope: paddle >=2.6.2, <3.4. Promised: x / 6 + 1 / 2 within 0 and 1, by position
not in place. Instead: The second argument of hardsigmoid is the slope: hardsigmoid(x, False), torch's way to say
not in place, is 0.5 everywhere and has no gradient."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[0.12573022, -0.13210486, 0.64042264], [0.104900114, -0.5356694, 0.36159506], [1.304, 0.94708097, -0.70373523]], [[-1.2654215, -0.62327445, 0.04132598], [-2.3250308, -0.21879166, -1.245911], [-0.7322674, -0.544259, -0.31630015]]]], 'float32'))
got = np.asarray(paddle.nn.functional.hardsigmoid(x, False))[0, 1, 1, 0]
expected = 0.1124948661
assert abs(got - expected) <= 2.1e-08, f"got {got}, expected {expected}"
