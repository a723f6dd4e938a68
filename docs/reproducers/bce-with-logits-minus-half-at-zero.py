"""bce-with-logits-minus-half-at-zero: paddle >=3.0, <3.4. Promised: The binary cross-entropy of sigmoid(x), where
positive targets may weigh more. Instead: At a logit of exactly 0 the gradient is -0.5 - label, and right is 0.5 -
label: for label 0 it has the wrong sign. A layer whose weights start at 0 begins with it. Only without
pos_weight."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.0], 'float64'), stop_gradient=False)
target = paddle.to_tensor(np.array([0.6471895115742501], 'float64'))
output = paddle.nn.BCEWithLogitsLoss(None, reduction='mean', pos_weight=None)(x, target)
cotangent = paddle.to_tensor(np.array(0.09401229776087457, 'float64'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = -0.013837624189396092
assert abs(got - expected) <= 5.5e-17, f"got {got}, expected {expected}"
