"""cross-entropy-lenient-labels: paddle >=2.6.2, <3.4. Promised: Cross-entropy takes one integer label a row, of a
class that exists, and gives a loss a row or a number. Instead: Labels may be floats, which are truncated, and may
stand in a column [B, 1], which gives losses [B, 1] with reduction 'none'; torch refuses both."""
import numpy as np
import paddle
from paddle.nn import functional

logits = paddle.to_tensor(np.array([[1.0, 1.0]], 'float32'))
labels = paddle.to_tensor(np.array([[1]], 'int64'))
try:
    loss = functional.cross_entropy(logits, labels, None, reduction='none', label_smoothing=0.0)
    got = {'shape': np.array(loss.shape, np.int64), 'total': loss.sum()}
except Exception:
    got = None
assert got is None, f'not refused (there must be one label for each row): got {got}'
