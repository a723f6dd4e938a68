"""psroi-pool-ends-beyond: paddle >=2.6.2, <3.4. Promised: Each bin of a box is the mean of its part of a channel of
its own, and its gradient goes back to that part. Instead: A box ends a pixel behind its rounded corner, which is
scaled after it is rounded: 2.5 for 1 as the mean of one pixel."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]]], [[[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]], 'float32'))
boxes = paddle.to_tensor(np.array([[0.0, 0.0, 1.0, 1.0]], 'float32'))
got = np.asarray(paddle.vision.ops.PSRoIPool((1, 1), 1.0)(x, boxes, paddle.to_tensor([1, 0], 'int32')))[0, 0, 0, 0]
expected = 1.0
assert abs(got - expected) <= 1.8e-07, f"got {got}, expected {expected}"
