"""pad1d-float32-value: paddle >=2.6.2, <3.3. Promised: Layers that pad one axis by a constant, a reflection, the
edge, the other end or zeros. Instead: The value is an attribute kept in float32: an array of float64 is padded with
0.10000000149 for 0.1."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[1.5]]], 'float64'))
got = np.asarray((lambda layer: layer(x))(paddle.nn.Pad1D(1, {'Constant': 'constant', 'Reflection': 'reflect', 'Replication': 'replicate', 'Circular': 'circular'}['Constant'], 0.1, 'NCL')))[0, 0, 0]
expected = 0.1
assert got == expected, f"got {got}, expected {expected}"
