"""cross-entropy-ignored-empty-mean: paddle ==2.6.2. Promised: Ignored labels add no loss and no gradient and do not
count in the mean; a mean over none is NaN. Instead: A mean over no label, where all are ignored, is 0 where torch
gives NaN."""
import numpy as np
import paddle
from paddle.nn import functional

logits = paddle.to_tensor(np.array([[1.0, 0.0]], 'float32'))
labels = paddle.to_tensor(np.array([-100], 'int64'))
got = np.asarray(functional.cross_entropy(logits, labels, None, -100, 'mean'))[()]
assert np.isnan(got), f"got {got}, expected NaN"
