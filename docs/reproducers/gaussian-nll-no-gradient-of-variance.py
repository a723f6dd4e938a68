"""gaussian-nll-no-gradient-of-variance: paddle >=2.6.2, <3.4. Promised: The negative log likelihood of a normal
law; a variance below eps counts as eps, and gets its gradient. Instead: The variance gets no gradient at all: it is
bounded from below where gradients are off. A model that predicts its variance does not learn it."""
import numpy as np
import paddle

target = paddle.to_tensor(np.array([[0.8103512476925536]], 'float64'), stop_gradient=False)
x = paddle.to_tensor(np.array([[-0.0]], 'float64'), stop_gradient=False)
variance = paddle.to_tensor(np.array([[0.0]], 'float64'), stop_gradient=False)
output = paddle.nn.GaussianNLLLoss(True, 0.01, 'none')(x, target, variance)
cotangent = paddle.to_tensor(np.array([[0.33412989689616435]], 'float64'))
got = paddle.grad([output], [x, target, variance], [cotangent], allow_unused=True)[2]
assert got is not None, "gradient.variance is missing"
