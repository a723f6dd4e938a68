"""bce-with-logits-target-no-gradient: paddle >=3.0, <3.4. Promised: The gradient of a target, also through the
weight of positive ones. Instead: No gradient reaches the target."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.0], 'float64'))
target = paddle.to_tensor(np.array([0.6471895115742501], 'float64'), stop_gradient=False)
output = paddle.nn.BCEWithLogitsLoss(None, reduction='mean', pos_weight=None)(x, target)
cotangent = paddle.to_tensor(np.array(0.09401229776087457, 'float64'))
got = paddle.grad([output], [target], [cotangent], allow_unused=True)[0]
assert got is not None, "gradient.target is missing"
