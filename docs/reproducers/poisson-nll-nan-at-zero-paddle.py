"""poisson-nll-nan-at-zero-paddle: paddle >=2.6.2, <3.4. Promised: The negative log likelihood of counts, with
Stirling's term for targets beyond 1. Instead: With full=True the gradient of a target that is 0 is NaN: Stirling's
term is formed for every target, and where it is not used its infinite slope is multiplied by 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([3.0, 14.046189, 0.8815116, 14.004136], 'float32'), stop_gradient=False)
target = paddle.to_tensor(np.array([1.0, 0.0, 0.0, 1.0], 'float32'), stop_gradient=False)
output = paddle.nn.PoissonNLLLoss(True, True, reduction='mean', **{'eps' if paddle.__name__ == 'torch' else 'epsilon': 0.001})(x, target)
cotangent = paddle.to_tensor(np.array(-2.0, 'float32'))
got = np.ravel(paddle.grad([output], [x, target], [cotangent], allow_unused=True)[1])[1]
expected = 7.023094654083252
assert got == expected, f"got {got}, expected {expected}"
