"""bce-target-no-gradient: paddle >=2.6.2, <3.4. Promised: The gradient of a target is the difference of the two
logarithms, neither of them below -100. Instead: No gradient reaches the target."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.3515100700930197], 'float64'))
target = paddle.to_tensor(np.array([0.9808353387762301], 'float64'), stop_gradient=False)
output = paddle.nn.BCELoss(None, reduction='mean')(x, target)
cotangent = paddle.to_tensor(np.array(-1.009618183538736, 'float64'))
got = paddle.grad([output], [target], [cotangent], allow_unused=True)[0]
assert got is not None, "gradient.target is missing"
