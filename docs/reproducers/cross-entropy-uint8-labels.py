"""cross-entropy-uint8-labels: paddle !=3.1.0, >=2.6.2, <3.4. Promised: Labels of any integer dtype name the same
classes. Instead: Labels must be int32 or int64; there is no kernel for the uint8 that torch takes."""
import numpy as np
import paddle
from paddle.nn import functional

logits = paddle.to_tensor(np.array([[1.0, 1.0]], 'float32'))
labels = paddle.to_tensor(np.array([1], 'uint8'))
try:
    functional.cross_entropy(logits, labels)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
