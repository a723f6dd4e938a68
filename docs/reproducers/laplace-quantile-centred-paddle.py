"""laplace-quantile-centred-paddle: paddle >=2.6.2, <3.4. Promised: The number below which Laplace's distribution
has a share, however small the share is. Instead: The quantile is formed from share - 0.5, in which a share of 1e-9
is lost: -inf for -20.03. The sign of 0 in the middle makes the gradient there 0 for twice the scale."""
import numpy as np
import paddle

value = paddle.to_tensor(np.array([1e-09, 0.5], 'float32'))
loc = paddle.to_tensor(np.array([0.0, 0.0], 'float32'))
scale = paddle.to_tensor(np.array([1.0, 1.0], 'float32'))
got = np.ravel((paddle.distributions if hasattr(paddle, 'distributions') else paddle.distribution).Laplace(loc, scale).icdf(value))[0]
expected = -20.03011868
assert abs(got - expected) <= 4.8e-06, f"got {got}, expected {expected}"
