"""instance-norm-channels-first: paddle >=2.6.2, <3.4. Promised: The mean and variance of each channel of each
sample normalize it. Instead: data_format is ignored: with the channels last, the normalization is over rows and
channels, off by more than 1, or refused where there is a weight for each channel. And eps is a float32 number in
float64 too."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.0], [0.0], [3.0], [0.0], [-1.0], [4.0], [3.0], [-1.0], [-3.0]]], 'float32'), stop_gradient=False)
weight = paddle.to_tensor(np.array([2.148087], 'float32'), stop_gradient=False)
bias = paddle.to_tensor(np.array([-1.0], 'float32'), stop_gradient=False)
try:
    output = paddle.nn.functional.instance_norm(x, weight=weight, bias=bias, eps=1e-05, data_format='NLC')
    cotangent = paddle.to_tensor(np.array([[[4.0], [-4.0], [0.0], [0.0], [2.0], [-3.0], [0.0], [-1.0], [-3.0]]], 'float32'))
    paddle.grad([output], [x, weight, bias], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
