"""multi-margin-crossed: paddle >=2.6.2, <3.1.1. Promised: The mean over the other classes of max(0, margin -
x[label] + x)**p; no gradient exactly at the margin. Instead: With class weights every row is taken less the own
part of every other, so that there are N x N losses, and the weight is raised to the power p too; and as
multi-margin-less-own."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.0, 2.0], [1.0, 0.0]], 'float32'))
labels = paddle.to_tensor(np.array([0, 1], 'int64'))
weight = paddle.to_tensor(np.array([1.0, 3.0], 'float32'))
got = np.asarray(paddle.nn.MultiMarginLoss(1, 1.0, weight, 'sum')(x, labels))[()]
expected = 4.5
assert abs(got - expected) <= 5.4e-07, f"got {got}, expected {expected}"
