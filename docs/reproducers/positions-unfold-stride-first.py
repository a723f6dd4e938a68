"""positions-unfold-stride-first: paddle >=2.6.2, <3.4. Promised: The windows of an image as columns, by kernel,
dilation, padding and stride. Instead: unfold(x, 2, 1, 0, 2), as torch programs write dilation 1, padding 0 and
stride 2, takes the 1 for the stride and the 2 for the dilation: other windows, and where both numbers are possible
nothing is refused."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[0.12573022, -0.13210486, 0.64042264, 0.104900114], [-0.5356694, 0.36159506, 1.304, 0.94708097], [-0.70373523, -1.2654215, -0.62327445, 0.04132598], [-2.3250308, -0.21879166, -1.245911, -0.7322674]], [[-0.544259, -0.31630015, 0.41163054, 1.0425134], [-0.12853466, 1.3664634, -0.6651947, 0.35151008], [0.90347016, 0.0940123, -0.7434993, -0.9217254], [-0.45772582, 0.22019513, -1.0096182, -0.20917557]]]], 'float32'))
got = np.asarray(paddle.nn.functional.unfold(x, 2, 1, 0, 2))[0, 1, 3]
expected = 0.04132597893476486
assert got == expected, f"got {got}, expected {expected}"
