"""kl-geometric-of-truth-values: paddle >=2.6.2, <3.4. Promised: Of two counts up to a success: that of two truth
values, for each of the 1 / p that are drawn. Instead: The divergence is that of the two truth values, without the 1
/ p draws of them: 0.193 for 0.964 at 0.2 and 0.5."""
import numpy as np
import paddle

probs = paddle.to_tensor(np.array(0.2, 'float32'))
probs_ = paddle.to_tensor(np.array(0.5, 'float32'))
def both(f):
    return f.distributions if hasattr(f, 'distributions') else f.distribution
got = np.asarray(both(paddle).kl_divergence(both(paddle).Geometric(probs), both(paddle).Geometric(probs_)))[()]
expected = 0.96372375
assert abs(got - expected) <= 7.7e-06, f"got {got}, expected {expected}"
