"""cosine-embedding-passes-at-margin: paddle >=3.1, <3.4. Promised: 1 less the cosine for a target of 1, and what
the cosine exceeds the margin by for -1. Instead: Exactly at the margin the gradient passes, as it does through clip
at a bound in these releases: of two vectors at a right angle it is not 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[4.0, 0.0]], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([[0.0, 4.0]], 'float32'), stop_gradient=False)
target = paddle.to_tensor(np.array([-1.0], 'float32'))
output = paddle.nn.CosineEmbeddingLoss(0.0, reduction='sum')(x, y, target)
cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
got = np.asarray(paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0])[0, 1]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
