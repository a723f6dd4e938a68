"""cross-entropy-smoothed-weights: paddle >=2.6.2, <3.4. Promised: With smoothing and class weights, each class's
share of the loss has its own weight. Instead: Class weights are averaged over the smoothed label and multiply the
row's whole loss; torch weighs the share of each class. The mean divides by the sum of those averages, not of the
labels' weights."""
import numpy as np
import paddle
from paddle.nn import functional

logits = paddle.to_tensor(np.array([[1.0, 0.0]], 'float32'))
labels = paddle.to_tensor(np.array([1], 'int64'))
weight = paddle.to_tensor(np.array([0.5, 2.0], 'float32'))
loss = functional.cross_entropy(logits, labels, weight, reduction='sum', label_smoothing=0.5)
got = np.ravel(loss.flatten())[0]
expected = 2.00905024
assert abs(got - expected) <= 1.7e-06, f"got {got}, expected {expected}"
