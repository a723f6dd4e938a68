"""cross-entropy-smoothed-column: paddle >=2.6.2, <3.4. Promised: Label smoothing e gives the label 1 - e + e / C
and every other class e / C; reduction 'none' keeps [B]. Instead: With label smoothing, reduction 'none' returns [B,
1] instead of [B]: multiplied by weights of shape [B] it broadcasts to [B, B]."""
import numpy as np
import paddle
from paddle.nn import functional

logits = paddle.to_tensor(np.array([[1.0, 0.0], [0.0, 2.0]], 'float32'))
labels = paddle.to_tensor(np.array([0, 1], 'int64'))
loss = functional.cross_entropy(logits, labels, reduction='none', label_smoothing=0.1)
got = loss
assert tuple(got.shape) == (2,), f"got shape {tuple(got.shape)}"
