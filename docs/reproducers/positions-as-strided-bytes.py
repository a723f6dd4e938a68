"""positions-as-strided-bytes: paddle >=2.6.2, <3.4. Promised: A view by size, strides and the element where it
begins. Instead: The offset of as_strided is counted in bytes: as_strided(x, size, stride, 4) begins at the second
float32 element and not at the fifth."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[0.12573022, -0.13210486, 0.64042264], [0.104900114, -0.5356694, 0.36159506], [1.304, 0.94708097, -0.70373523]], [[-1.2654215, -0.62327445, 0.04132598], [-2.3250308, -0.21879166, -1.245911], [-0.7322674, -0.544259, -0.31630015]]]], 'float32'))
got = np.asarray(paddle.as_strided(x, (2, 2), (1, 2), 4))[1, 1]
expected = 0.9470809698104858
assert got == expected, f"got {got}, expected {expected}"
