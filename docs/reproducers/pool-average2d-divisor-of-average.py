"""pool-average2d-divisor-of-average: paddle >=2.6.2, <3.4. Promised: The mean of every window of two axes, with the
padding counted or not, or a sum by a given divisor. Instead: With divisor_override the average of the elements in
the image is multiplied with the size of the whole window: at the edge too large, 4/3 for 2/3."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[2.0]]]], 'float32'))
got = np.asarray((lambda layer: layer(x))(paddle.nn.AvgPool2D(**{'kernel_size': (1, 2), 'stride': None, 'padding': (0, 1), 'ceil_mode': False}, exclusive=not False, divisor_override=3, data_format='NCHW')))[0, 0, 0, 0]
expected = 0.666666667
assert abs(got - expected) <= 1.2e-07, f"got {got}, expected {expected}"
