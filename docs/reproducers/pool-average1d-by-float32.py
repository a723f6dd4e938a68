"""pool-average1d-by-float32: paddle >=2.6.2, <3.4. Promised: The mean of every window of one axis, with the padding
counted or not, or a sum by a given divisor. Instead: The gradient is multiplied with a reciprocal of the count in
float32, in float64 too: a third is off by 1e-8."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[1.0, 2.0, 4.0]]], 'float64'), stop_gradient=False)
output = paddle.nn.AvgPool1D(**{'kernel_size': (3,), 'stride': None, 'padding': (0,), 'ceil_mode': False}, exclusive=not False)(x)
cotangent = paddle.to_tensor(np.array([[[0.5]]], 'float64'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0, 0]
expected = 0.16666666666666666
assert abs(got - expected) <= 7.5e-17, f"got {got}, expected {expected}"
