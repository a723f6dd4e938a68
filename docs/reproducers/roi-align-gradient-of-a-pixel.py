"""roi-align-gradient-of-a-pixel: paddle >=2.6.2, <3.4. Promised: Each bin of a box is the mean of interpolated
points, and its gradient goes back to the pixels around these. Instead: The gradient of an aligned box that is
narrower than a pixel is that of a box of a pixel's width, other than the one whose values came out."""
import numpy as np
import paddle
from paddle.vision.ops import roi_align

x = paddle.to_tensor(np.array([[[[1.0, 2.0], [3.0, 4.0]]]], 'float32'), stop_gradient=False)
boxes = paddle.to_tensor(np.array([[0.5, 0.5, 0.75, 1.0]], 'float32'))
output = roi_align(x, boxes, paddle.to_tensor([1], 'int32'), (1, 1), 1.0, 2, True)
cotangent = paddle.to_tensor(np.array([[[[1.0]]]], 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0, 0, 0]
expected = 0.65625
assert abs(got - expected) <= 9.1e-06, f"got {got}, expected {expected}"
