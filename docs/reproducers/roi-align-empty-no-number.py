"""roi-align-empty-no-number: paddle >=2.6.2, <3.4. Promised: Each bin of a box is the mean of interpolated points,
and its gradient goes back to the pixels around these. Instead: An aligned box without width gives NaN where torch
gives 0, where the number of points is left to the size of the box: no points are divided by none. Its gradient is
as roi-align-gradient-of-a-pixel says."""
import numpy as np
import paddle
from paddle.vision.ops import roi_align

x = paddle.to_tensor(np.array([[[[1.0, 2.0], [3.0, 4.0]]]], 'float32'))
boxes = paddle.to_tensor(np.array([[0.5, 0.5, 0.5, 1.0]], 'float32'))
got = np.asarray(roi_align(x, boxes, paddle.to_tensor([1], 'int32'), (1, 1), 1.0, -1, True))[0, 0, 0, 0]
expected = 0.0
assert abs(got - expected) <= 1.5e-45, f"got {got}, expected {expected}"
