"""kl-poisson-sums-too-little: paddle >=3.0, <3.4. Promised: Of a count that is always 0: the other's rate; from
such a count it is infinite unless both are. Instead: With a rate of 0 the sum over counts is wrong: from 0 to 1 it
is 2172.5 for 1, from 2 to 0 it is -1.7 for infinity."""
import numpy as np
import paddle

rate = paddle.to_tensor(np.array([0.0], 'float32'))
rate_ = paddle.to_tensor(np.array([1.0], 'float32'))
got = np.ravel(paddle.distribution.kl_divergence(paddle.distribution.Poisson(rate), paddle.distribution.Poisson(rate_)))[0]
expected = 1.0
assert got == expected, f"got {got}, expected {expected}"
