"""gumbel-logarithm-of-density: paddle >=2.6.2, <3.4. Promised: Gumbel's distribution of the largest of many
numbers. Instead: log_prob is the logarithm of the density: -inf with a gradient of NaN for -397.43 where the
density is below 1e-38."""
import numpy as np
import paddle

value = paddle.to_tensor(np.array(-6.0, 'float32'))
loc = paddle.to_tensor(np.array(0.0, 'float32'))
scale = paddle.to_tensor(np.array(1.0, 'float32'))
def asked(kind, call, value, *parameters):
    member = getattr(kind(*parameters), 'log_prob')
    if value is not None:
        return member(value)
    return (member() if callable(member) else member) + sum((0.0 * each.sum() for each in parameters))
got = np.asarray(asked(paddle.distribution.Gumbel, 'log_prob', value, loc, scale))[()]
expected = -397.428793
assert abs(got - expected) <= 0.00013, f"got {got}, expected {expected}"
