"""multi-margin-less-own: paddle >=2.6.2, <3.4. Promised: The mean over the other classes of max(0, margin -
x[label] + x)**p; no gradient exactly at the margin. Instead: The mean is over all classes, less margin**p / C for
the label's own, which is a float32 number also in float64: what is 0 comes out as 1e-9."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[-0.5369532353602852]], 'float64'))
labels = paddle.to_tensor(np.array([0], 'int64'))
got = np.asarray(paddle.nn.MultiMarginLoss(2, 0.5, None, 'mean')(x, labels))[()]
expected = 0.0
assert abs(got - expected) <= 2e-323, f"got {got}, expected {expected}"
