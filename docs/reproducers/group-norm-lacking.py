"""group-norm-lacking: paddle >=2.6.2, <3.0. Promised: The mean and variance of each group of channels of each
sample normalize it. Instead: There is no function group_norm, but a layer alone."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.5, 1.0], [2.0, -1.0]]], 'float64'), stop_gradient=False)
try:
    output = paddle.nn.functional.group_norm(x, 1, 0.1, None, None, 'NCL')
    cotangent = paddle.to_tensor(np.array([[[1.0, 0.5], [0.0, 2.0]]], 'float64'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
