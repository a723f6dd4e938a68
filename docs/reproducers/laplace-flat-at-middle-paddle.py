"""laplace-flat-at-middle-paddle: paddle >=2.6.2, <3.4. Promised: Laplace's distribution. Instead: The sign of 0
makes the gradient of cdf 0 where the value is the location, and right is the density 1 / (2 scale)."""
import numpy as np
import paddle

value = paddle.to_tensor(np.array(0.0, 'float32'), stop_gradient=False)
loc = paddle.to_tensor(np.array(0.0, 'float32'), stop_gradient=False)
scale = paddle.to_tensor(np.array(0.5, 'float32'), stop_gradient=False)
def asked(kind, call, value, *parameters):
    member = getattr(kind(*parameters), 'cdf')
    if value is not None:
        return member(value)
    return (member() if callable(member) else member) + sum((0.0 * each.sum() for each in parameters))
output = asked(paddle.distribution.Laplace, 'cdf', value, loc, scale)
cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
got = np.asarray(paddle.grad([output], [value, loc, scale], [cotangent], allow_unused=True)[0])[()]
expected = 1.0
assert abs(got - expected) <= 3e-07, f"got {got}, expected {expected}"
