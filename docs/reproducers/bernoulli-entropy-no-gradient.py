"""bernoulli-entropy-no-gradient: paddle >=3.0, <3.4. Promised: How uncertain a truth value is, with its gradient
log((1 - p) / p), its mean and its variance. Instead: The gradient of the entropy is that of a cross-entropy with
respect to its logit alone: 0 for log((1 - p) / p), and -4 for 0 at p = 1/2."""
import numpy as np
import paddle

probs = paddle.to_tensor(np.array([0.25, 0.5], 'float32'), stop_gradient=False)
def asked(kind, call, value, *parameters):
    member = getattr(kind(*parameters), 'entropy')
    if None is not None:
        return member(None)
    return (member() if callable(member) else member) + sum((0.0 * each.sum() for each in parameters))
output = asked(paddle.distribution.Bernoulli, 'entropy', None, probs)
cotangent = paddle.to_tensor(np.array([1.0, 1.0], 'float32'))
got = np.ravel(paddle.grad([output], [probs], [cotangent], allow_unused=True)[0])[1]
expected = 0.0
assert abs(got - expected) <= 1.1e-06, f"got {got}, expected {expected}"
