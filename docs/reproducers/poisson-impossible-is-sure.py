"""poisson-impossible-is-sure: paddle >=3.0, <3.4. Promised: A count of independent events at a rate; of none at all
at the rate 0. Instead: A count that cannot occur has log_prob -1.2e-7, the probability 1, for minus infinity."""
import numpy as np
import paddle

value = paddle.to_tensor(np.array(1.0, 'float32'))
rate = paddle.to_tensor(np.array(0.0, 'float32'))
def asked(kind, call, value, *parameters):
    member = getattr(kind(*parameters), 'log_prob')
    if value is not None:
        return member(value)
    return (member() if callable(member) else member) + sum((0.0 * each.sum() for each in parameters))
got = np.asarray(asked(paddle.distribution.Poisson, 'log_prob', value, rate))[()]
expected = -np.inf
assert got == expected, f"got {got}, expected {expected}"
