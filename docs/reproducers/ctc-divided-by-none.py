"""ctc-divided-by-none: paddle >=2.6.2, <3.4. Promised: Minus the logarithm of the probability of all ways in which
frames can spell labels, with blanks between. Instead: The mean divides a loss by its number of labels, also where
that is 0: one sequence without labels makes the mean of the batch infinite and its gradient no number."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.0, 0.0], [0.0, 1.0]]], 'float32'))
labels = paddle.to_tensor(np.array([[1], [1]], 'int32'))
frames = paddle.to_tensor(np.array([1, 1], 'int64'))
lengths = paddle.to_tensor(np.array([1, 0], 'int64'))
got = np.asarray(paddle.nn.CTCLoss(0, 'mean')(x, labels, frames, lengths, False))[()]
expected = 1.00320443
assert abs(got - expected) <= 1.7e-06, f"got {got}, expected {expected}"
