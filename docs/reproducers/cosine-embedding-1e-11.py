"""cosine-embedding-1e-11: paddle >=3.0, <3.4. Promised: 1 less the cosine for a target of 1, and what the cosine
exceeds the margin by for -1. Instead: To each squared length 10e-12 is added, 1e-11: for two equal vectors of
length 1e-6 the loss is 0.91, and right is 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[56.31228146377705]], 'float64'))
y = paddle.to_tensor(np.array([[13.319744064781373]], 'float64'))
target = paddle.to_tensor(np.array([1.0], 'float64'))
got = np.asarray(paddle.nn.CosineEmbeddingLoss(0.5, reduction='mean')(x, y, target))[()]
expected = 0.0
assert abs(got - expected) <= 2e-15, f"got {got}, expected {expected}"
