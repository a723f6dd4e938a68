"""gumbel-logarithm-of-density: paddle >=2.6.2, <3.4. Promised: Gumbel's distribution of the largest of many
numbers. Instead: log_prob is the logarithm of the density: -inf with a gradient of NaN for -397.43 where the
density is below 1e-38."""
import numpy as np
import paddle

value = paddle.to_tensor(np.array(-6.0, 'float32'), stop_gradient=False)
loc = paddle.to_tensor(np.array(0.0, 'float32'), stop_gradient=False)
scale = paddle.to_tensor(np.array(1.0, 'float32'), stop_gradient=False)
def asked(kind, call, value, *parameters):
    member = getattr(kind(*parameters), 'log_prob')
    if value is not None:
        return member(value)
    return (member() if callable(member) else member) + sum((0.0 * each.sum() for each in parameters))
output = asked(paddle.distribution.Gumbel, 'log_prob', value, loc, scale)
cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
got = np.asarray(paddle.grad([output], [value, loc, scale], [cotangent], allow_unused=True)[0])[()]
expected = 402.428793
assert abs(got - expected) <= 0.00015, f"got {got}, expected {expected}"
