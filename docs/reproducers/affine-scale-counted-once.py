"""affine-scale-counted-once: paddle >=2.6.2, <3.4. Promised: An event of several normal numbers that is scaled:
each number counts the scale once, also where there is one. Instead: A scale of one number counts once for an event
of several: log_prob of three numbers at the scale 2 is off by 2 log 2."""
import numpy as np
import paddle

value = paddle.to_tensor(np.array([1.0, 2.0, 3.0], 'float32'))
loc = paddle.to_tensor(np.array(0.0, 'float32'))
scale = paddle.to_tensor(np.array(2.0, 'float32'))
got = np.asarray(paddle.distribution.TransformedDistribution(paddle.distribution.Independent(paddle.distribution.Normal(paddle.zeros_like(value), paddle.ones_like(value)), 1), [paddle.distribution.AffineTransform(loc, scale)]).log_prob(value))[()]
expected = -6.58625714
assert abs(got - expected) <= 2.1e-06, f"got {got}, expected {expected}"
