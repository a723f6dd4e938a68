"""gaussian-nll-no-gradient-of-variance: paddle >=3.0, <3.4. Promised: The negative log likelihood of a normal law;
a variance below eps counts as eps, and gets its gradient. Instead: The variance gets no gradient at all: it is
bounded from below where gradients are off. A model that predicts its variance does not learn it."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.9034701816518086], 'float64'), stop_gradient=False)
target = paddle.to_tensor(np.array([-0.7434992493538084], 'float64'), stop_gradient=False)
variance = paddle.to_tensor(np.array([0.45772582566733916], 'float64'), stop_gradient=False)
output = paddle.nn.GaussianNLLLoss(False, 1e-06, 'mean')(x, target, variance)
cotangent = paddle.to_tensor(np.array(-1.009618183538736, 'float64'))
got = paddle.grad([output], [x, target, variance], [cotangent], allow_unused=True)[2]
assert got is not None, "gradient.variance is missing"
