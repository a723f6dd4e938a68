"""no-zero-pad1d: paddle <3. Promised: Layers that pad one axis by a constant, a reflection, the edge, the other end
or zeros. Instead: Release 2.6 has no ZeroPad1D."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.12573022]]], 'float32'), stop_gradient=False)
try:
    output = (lambda layer: layer(x))(paddle.nn.ZeroPad1D(0, data_format='NCL'))
    cotangent = paddle.to_tensor(np.array([[[-0.13210486]]], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
