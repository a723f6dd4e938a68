"""gamma-not-a-number-at-zero: paddle >=3.0, <3.4. Promised: The gamma distribution, whose density at 0 is the rate
where the concentration is 1. Instead: log_prob is NaN for log 2 at value 0, where the density is finite:
(concentration - 1) log(value) is 0 times infinity."""
import numpy as np
import paddle

value = paddle.to_tensor(np.array(0.0, 'float32'))
concentration = paddle.to_tensor(np.array(1.0, 'float32'))
rate = paddle.to_tensor(np.array(2.0, 'float32'))
def asked(kind, call, value, *parameters):
    member = getattr(kind(*parameters), 'log_prob')
    if value is not None:
        return member(value)
    return (member() if callable(member) else member) + sum((0.0 * each.sum() for each in parameters))
got = np.asarray(asked(paddle.distribution.Gamma, 'log_prob', value, concentration, rate))[()]
expected = 0.693147181
assert abs(got - expected) <= 2.5e-07, f"got {got}, expected {expected}"
