"""cross-entropy-smoothed-one-weight-a-row: paddle >=2.6.2, <3.4. Promised: A smoothing of e gives the label 1 - e +
e / C and every other class e / C, over logits of any rank. Instead: With class weights the smoothed loss of a row
is multiplied by the mean weight of its smoothed label, not each class's share by its own; and smoothed labels are
float32 beside float64 logits, off by 7e-9."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[-0.375, -0.375, -0.375, -0.375, -0.375], [-0.375, -0.375, -0.375, -0.375, -0.375]], 'float64'))
labels = paddle.to_tensor(np.array([0, 4], 'int64'))
got = np.asarray((lambda loss: loss.squeeze(-1) if loss.ndim == x.ndim else loss)(paddle.nn.CrossEntropyLoss(None, reduction='mean', label_smoothing=0.5)(x.moveaxis(1, -1), labels)))[()]
expected = 1.6094379124341005
assert abs(got - expected) <= 5.4e-15, f"got {got}, expected {expected}"
