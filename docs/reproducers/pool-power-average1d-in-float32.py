"""pool-power-average1d-in-float32: paddle >=3, <3.4. Promised: The root of the sum of powers of every window of one
axis. Instead: Powers and roots are computed in float32, in float64 too."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.36159505490948474]]], 'float64'))
got = np.asarray(paddle.nn.LPPool1D(2.0, **{'kernel_size': 1, 'stride': None, 'ceil_mode': False})(x))[0, 0, 0]
expected = 0.36159505490948474
assert abs(got - expected) <= 4.7e-16, f"got {got}, expected {expected}"
