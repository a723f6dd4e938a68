"""cross-entropy-ignored-mean: paddle >=3.0, <3.4. Promised: Ignored labels add no loss and no gradient and do not
count in the mean; a mean over none is NaN. Instead: A negative ignore_index, the default -100 among them, is
ignored in the sum but counted in the mean (unless there are class weights), so padding scales the loss and its
gradient down; a mean over no label is 0 where torch gives NaN."""
import numpy as np
import paddle
from paddle.nn import functional

logits = paddle.to_tensor(np.array([[1.0, 0.0], [0.0, 2.0]], 'float32'))
labels = paddle.to_tensor(np.array([0, -100], 'int64'))
got = np.asarray(functional.cross_entropy(logits, labels, None, -100, 'mean'))[()]
expected = 0.313261688
assert abs(got - expected) <= 4.4e-07, f"got {got}, expected {expected}"
