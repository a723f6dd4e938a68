"""cross-entropy-ignored-smoothed: paddle >=3.0, <3.4. Promised: A label is ignored under label smoothing too.
Instead: With label smoothing, ignore_index is not applied: the label is trained on like any other, and the mean
divides by batch times classes."""
import numpy as np
import paddle
from paddle.nn import functional

logits = paddle.to_tensor(np.array([[1.0, 0.0], [0.0, 2.0]], 'float32'))
labels = paddle.to_tensor(np.array([0, 1], 'int64'))
loss = functional.cross_entropy(logits, labels, ignore_index=1, reduction='mean', label_smoothing=0.5)
got = np.ravel(loss.flatten())[0]
expected = 0.563261688
assert abs(got - expected) <= 6.2e-07, f"got {got}, expected {expected}"
