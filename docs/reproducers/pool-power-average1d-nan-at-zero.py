"""pool-power-average1d-nan-at-zero: paddle >=3, <3.4. Promised: The root of the sum of powers of every window of
one axis. Instead: The gradient of a window of zeros is NaN, torch's is 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.0]]], 'float32'), stop_gradient=False)
output = paddle.nn.LPPool1D(2.0, **{'kernel_size': 1, 'stride': None, 'ceil_mode': False})(x)
cotangent = paddle.to_tensor(np.array([[[1.0]]], 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0, 0]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
