"""geometric-variance-cut: paddle >=2.6.2, <3.4. Promised: How often a truth value is false before it is true for
the first time. Instead: The variance has no gradient, since a new tensor is made of it."""
import numpy as np
import paddle

probs = paddle.to_tensor(np.array(0.5, 'float32'), stop_gradient=False)
def asked(kind, call, value, *parameters):
    member = getattr(kind(*parameters), 'variance')
    if None is not None:
        return member(None)
    return (member() if callable(member) else member) + sum((0.0 * each.sum() for each in parameters))
output = asked(paddle.distribution.Geometric, {'log_prob': 'log_pmf'}.get('variance', 'variance'), None, probs)
cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
got = np.asarray(paddle.grad([output], [probs], [cotangent], allow_unused=True)[0])[()]
expected = -12.0
assert got == expected, f"got {got}, expected {expected}"
