"""cross-entropy-ignored-smoothed-raises: paddle >=2.6.2, <3.4 on cpu. Promised: A label is ignored under label
smoothing too. Instead: With label smoothing, an ignored label outside 0..C-1, such as the default -100, is refused
instead of ignored."""
import numpy as np
import paddle
from paddle.nn import functional

logits = paddle.to_tensor(np.array([[1.0, 0.0], [0.0, 2.0]], 'float32'), stop_gradient=False)
labels = paddle.to_tensor(np.array([0, -100], 'int64'))
try:
    loss = functional.cross_entropy(logits, labels, ignore_index=-100, reduction='mean', label_smoothing=0.5)
    output = loss.flatten()
    cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
    paddle.grad([output], [logits], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
