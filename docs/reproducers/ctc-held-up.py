"""ctc-held-up: paddle >=2.6.2, <3.4. Promised: Minus the logarithm of the probability of all ways in which frames
can spell labels, with blanks between. Instead: No probability is below the smallest normal number, so that no step
of an alignment costs more than 87.3: 87.3 for 100."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[100.0, 0.0]]], 'float32'))
labels = paddle.to_tensor(np.array([[1]], 'int32'))
frames = paddle.to_tensor(np.array([1], 'int64'))
lengths = paddle.to_tensor(np.array([1], 'int64'))
got = np.asarray(paddle.nn.CTCLoss(0, 'sum')(x, labels, frames, lengths, False))[()]
expected = 100.0
assert abs(got - expected) <= 5.5e-05, f"got {got}, expected {expected}"
