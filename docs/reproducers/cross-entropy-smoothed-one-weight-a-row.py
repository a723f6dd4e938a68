"""cross-entropy-smoothed-one-weight-a-row: paddle >=2.6.2, <3.4. Promised: A smoothing of e gives the label 1 - e +
e / C and every other class e / C, over logits of any rank. Instead: With class weights the smoothed loss of a row
is multiplied by the mean weight of its smoothed label, not each class's share by its own; and smoothed labels are
float32 beside float64 logits, off by 7e-9."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[-0.375, -0.375, -0.375, -0.375, -0.375], [-0.375, -0.375, -0.375, -0.375, -0.375]], 'float64'), stop_gradient=False)
labels = paddle.to_tensor(np.array([0, 4], 'int64'))
output = (lambda loss: loss.squeeze(-1) if loss.ndim == x.ndim else loss)(paddle.nn.CrossEntropyLoss(None, reduction='mean', label_smoothing=0.5)(x.moveaxis(1, -1), labels))
cotangent = paddle.to_tensor(np.array(-0.3249595464366746, 'float64'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[1, 4]
expected = 0.0649919092873349
assert abs(got - expected) <= 2.9e-16, f"got {got}, expected {expected}"
