"""ctc-short-is-free: paddle >=2.6.2, <3.4. Promised: Minus the logarithm of the probability of all ways in which
frames can spell labels, with blanks between. Instead: Labels that do not fit into their frames cost nothing, and
move nothing: 0 for infinity. A loss that training should report, or that zero_infinity should make zero, looks like
a perfect one."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.0, 0.0]]], 'float32'))
labels = paddle.to_tensor(np.array([[1, 1]], 'int32'))
frames = paddle.to_tensor(np.array([1], 'int64'))
lengths = paddle.to_tensor(np.array([2], 'int64'))
got = np.asarray(paddle.nn.CTCLoss(0, 'sum')(x, labels, frames, lengths, False))[()]
expected = np.inf
assert got == expected, f"got {got}, expected {expected}"
