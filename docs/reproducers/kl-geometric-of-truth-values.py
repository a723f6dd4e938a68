"""kl-geometric-of-truth-values: paddle >=2.6.2, <3.4. Promised: Of two counts up to a success: that of two truth
values, for each of the 1 / p that are drawn. Instead: The divergence is that of the two truth values, without the 1
/ p draws of them: 0.193 for 0.964 at 0.2 and 0.5."""
import numpy as np
import paddle

probs = paddle.to_tensor(np.array(0.2, 'float32'), stop_gradient=False)
probs_ = paddle.to_tensor(np.array(0.5, 'float32'), stop_gradient=False)
def both(f):
    return f.distributions if hasattr(f, 'distributions') else f.distribution
output = both(paddle).kl_divergence(both(paddle).Geometric(probs), both(paddle).Geometric(probs_))
cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
got = np.asarray(paddle.grad([output], [probs, probs_], [cotangent], allow_unused=True)[0])[()]
expected = -11.7500903
assert abs(got - expected) <= 4.7e-05, f"got {got}, expected {expected}"
