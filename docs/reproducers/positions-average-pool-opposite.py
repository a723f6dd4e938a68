"""positions-average-pool-opposite: paddle >=2.6.2, <3.4. Promised: Means of windows, by kernel, stride, padding,
whether to round up, and whether the padding counts. Instead: The sixth argument of avg_pool2d is exclusive, the
opposite of torch's count_include_pad: avg_pool2d(x, 3, 2, 1, False, False) counts the padding, and torch's leaves
it out."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[0.12573022, -0.13210486, 0.64042264, 0.104900114], [-0.5356694, 0.36159506, 1.304, 0.94708097], [-0.70373523, -1.2654215, -0.62327445, 0.04132598], [-2.3250308, -0.21879166, -1.245911, -0.7322674]], [[-0.544259, -0.31630015, 0.41163054, 1.0425134], [-0.12853466, 1.3664634, -0.6651947, 0.35151008], [0.90347016, 0.0940123, -0.7434993, -0.9217254], [-0.45772582, 0.22019513, -1.0096182, -0.20917557]]]], 'float32'))
got = np.asarray(paddle.nn.functional.avg_pool2d(x, 3, 2, 1, False, False))[0, 0, 0, 1]
expected = 0.537648992
assert abs(got - expected) <= 2.5e-07, f"got {got}, expected {expected}"
