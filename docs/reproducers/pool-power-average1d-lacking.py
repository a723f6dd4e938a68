"""pool-power-average1d-lacking: paddle <3. Promised: The root of the sum of powers of every window of one axis.
Instead: Release 2.6 has no LPPool1D."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.0]]], 'float32'), stop_gradient=False)
try:
    output = paddle.nn.LPPool1D(2.0, **{'kernel_size': 1, 'stride': None, 'ceil_mode': False})(x)
    cotangent = paddle.to_tensor(np.array([[[1.0]]], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
