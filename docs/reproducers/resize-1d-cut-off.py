"""resize-1d-cut-off: paddle >=2.6.2, <3.2. Promised: interpolate along one axis: between neighbours, or by areas.
Instead: Low precision is made by cutting off: the gradient is off by nearly a whole unit in the last place."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.0, 0.0, 0.0, 0.0, 0.0]]], 'float16'), stop_gradient=False)
output = paddle.nn.functional.interpolate(x, (4,), None, 'linear', bool(False), data_format='NCW')
cotangent = paddle.to_tensor(np.array([[[-0.1296, 0.784, 1.493, -1.259]]], 'float16'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])
expected = np.array([[[-0.1134338, 0.473907, 0.854004, 0.775879, -1.10144]]], 'float64')
allowed = np.array([[[5.6e-05, 0.00024, 0.00042, 0.00038, 0.00054]]], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
