"""poisson-nll-float32-eps: paddle >=2.6.2, <3.0. Promised: The negative log likelihood of counts, with Stirling's
term for targets beyond 1. Instead: The epsilon beside a float64 input is rounded to float32; and as
poisson-nll-nan-at-zero-paddle."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(0.0009765625, 'float64'))
target = paddle.to_tensor(np.array(1.0, 'float64'))
got = np.asarray(paddle.nn.PoissonNLLLoss(False, False, reduction='mean', **{'eps' if paddle.__name__ == 'torch' else 'epsilon': 0.001})(x, target))[()]
expected = 6.227372616674234
assert abs(got - expected) <= 8.7e-15, f"got {got}, expected {expected}"
