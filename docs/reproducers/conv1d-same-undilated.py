"""conv1d-same-undilated: paddle >=2.6.2, <3.4. Promised: A convolution of one axis, by every padding and padding
mode. Instead: padding='same' ignores the dilation: the window is not spread, and the padding is that of the
undilated one, so values are those of another convolution."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.12573022, -0.13210486, 0.64042264]]], 'float32'), stop_gradient=False)
weight = paddle.to_tensor(np.array([[[0.104900114, -0.5356694]]], 'float32'), stop_gradient=False)
bias = paddle.to_tensor(np.array([0.36159506], 'float32'), stop_gradient=False)
output = (layer := paddle.nn.Conv1D(*(1, 1, (2,)), **{'stride': (1,), 'padding': 'same', 'dilation': (2,), 'groups': 1, 'padding_mode': 'zeros'}, data_format='NCL'))._parameters.update(weight=weight, bias=bias) or layer(x)
cotangent = paddle.to_tensor(np.array([[[1.304, 0.94708097, -0.70373523]]], 'float32'))
got = np.asarray(paddle.grad([output], [x, weight, bias], [cotangent], allow_unused=True)[1])[0, 0, 0]
expected = 0.2120435389
assert abs(got - expected) <= 2.6e-08, f"got {got}, expected {expected}"
