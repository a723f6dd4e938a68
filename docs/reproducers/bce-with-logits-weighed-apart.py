"""bce-with-logits-weighed-apart: paddle >=2.6.2, <3.0. Promised: The binary cross-entropy of sigmoid(x), where
positive targets may weigh more. Instead: With pos_weight only the logarithm of the loss is multiplied by it, and of
the gradient only the sigmoid: the loss of logit -2 for label 1 and a weight of 3 is off by 4, and at most logits
the gradient has the wrong size or sign. Without it, small losses are the logarithm of a rounded sum."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-2.0], 'float32'))
target = paddle.to_tensor(np.array([1.0], 'float32'))
pos_weight = paddle.to_tensor(np.array([3.0], 'float32'))
got = np.asarray(paddle.nn.BCEWithLogitsLoss(None, reduction='mean', pos_weight=pos_weight)(x, target))[()]
expected = 6.38078403
assert abs(got - expected) <= 3.5e-06, f"got {got}, expected {expected}"
