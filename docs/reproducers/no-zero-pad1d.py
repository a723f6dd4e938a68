"""no-zero-pad1d: paddle <3. Promised: Layers that pad one axis by a constant, a reflection, the edge, the other end
or zeros. Instead: Release 2.6 has no ZeroPad1D."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.12573022]]], 'float32'))
try:
    (lambda layer: layer(x.moveaxis(1, -1)).moveaxis(-1, 1) if False else layer(x))(paddle.nn.ZeroPad1D(0, data_format='NLC' if False else 'NCL') if 'Zero' == 'Zero' else paddle.nn.Pad1D(0, {'Constant': 'constant', 'Reflection': 'reflect', 'Replication': 'replicate', 'Circular': 'circular'}['Zero'], 0.0, 'NLC' if False else 'NCL'))
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
