"""positions-average-pool1d-exchanged: paddle >=2.6.2, <3.4. Promised: Means of windows of one axis, by kernel,
stride, padding, whether to round up, and whether the padding counts. Instead: avg_pool1d ends with exclusive and
ceil_mode, torch's with ceil_mode and count_include_pad: both flags are taken for the other, and one of them for its
opposite."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.12573022, -0.13210486, 0.64042264, 0.104900114], [-0.5356694, 0.36159506, 1.304, 0.94708097]]], 'float32'))
got = np.asarray(paddle.nn.functional.avg_pool1d(x, 3, 2, 1, False, False))[0, 1, 0]
expected = -0.087037161
assert abs(got - expected) <= 5.9e-08, f"got {got}, expected {expected}"
