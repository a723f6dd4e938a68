"""softmax-largest-of-first-row: paddle >=2.6.2, <3.4. Promised: The softmax of every row, however large its scores
are. Instead: The largest score of the first row is subtracted in every row, where the next ones overflow: NaN."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[1.0, 2.0], [110.0, 120.0]], 'float32'))
got = np.asarray(paddle.distribution.SoftmaxTransform().forward(x))[1, 0]
expected = 4.53978687e-05
assert abs(got - expected) <= 2.5e-11, f"got {got}, expected {expected}"
