"""uniform-lowest-excluded: paddle >=2.6.2, <3.4. Promised: A number that is equally likely from a lowest one,
itself included, to below a highest. Instead: The density at the lowest number is 0, though the page says low <=
value and draws reach it: log_prob of such a draw is -inf."""
import numpy as np
import paddle

value = paddle.to_tensor(np.array(-1.0, 'float32'))
low = paddle.to_tensor(np.array(-1.0, 'float32'))
high = paddle.to_tensor(np.array(1.0, 'float32'))
def asked(kind, call, value, *parameters):
    member = getattr(kind(*parameters), 'log_prob')
    if value is not None:
        return member(value)
    return (member() if callable(member) else member) + sum((0.0 * each.sum() for each in parameters))
got = np.asarray(asked(paddle.distribution.Uniform, 'log_prob', value, low, high))[()]
expected = -0.693147181
assert abs(got - expected) <= 1.3e-07, f"got {got}, expected {expected}"
