"""resize-1d-gradient-of-one: paddle >=3.3, <3.4. Promised: interpolate along one axis: between neighbours, or by
areas. Instead: Without align_corners one new pixel is the middle of the old ones, but its gradient goes to the
first of them alone."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.0, 1.0]]], 'float32'), stop_gradient=False)
output = paddle.nn.functional.interpolate(x, (1,), None, 'linear', bool(False), data_format='NCW')
cotangent = paddle.to_tensor(np.array([[[1.0]]], 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0, 0]
expected = 0.5
assert got == expected, f"got {got}, expected {expected}"
