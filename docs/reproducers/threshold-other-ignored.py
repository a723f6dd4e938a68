"""threshold-other-ignored: paddle >=2.6.2, <3.0. Promised: x above a threshold, another value elsewhere. Instead:
thresholded_relu has no argument for the other value yet: its place is that of a name, and the value is 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.25, 1.0], 'float32'))
got = np.ravel(paddle.nn.functional.thresholded_relu(x, 0.5, 7.0))[0]
expected = 7.0
assert got == expected, f"got {got}, expected {expected}"
