"""kl-div-no-gradient-of-target: paddle >=3.0, <3.4. Promised: target (log target - x), or exp(target) (target - x),
and its gradient for both. Instead: No gradient reaches the target, whose gradient is log(target) + 1 - x; and where
the target is 0 the loss is 0, even if x is NaN or -inf."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-0.31630015636915454], 'float64'), stop_gradient=False)
target = paddle.to_tensor(np.array([0.0], 'float64'), stop_gradient=False)
output = paddle.nn.KLDivLoss(reduction='mean', **{})(x, target)
cotangent = paddle.to_tensor(np.array(1.3664634705496859, 'float64'))
got = paddle.grad([output], [x, target], [cotangent], allow_unused=True)[1]
assert got is not None, "gradient.target is missing"
