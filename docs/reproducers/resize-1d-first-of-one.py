"""resize-1d-first-of-one: paddle >=2.6.2, <3.3. Promised: interpolate along one axis: between neighbours, or by
areas. Instead: Without align_corners an axis of one new pixel shows the first old pixel, not the middle."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.0, 1.0]]], 'float32'))
got = np.asarray(paddle.nn.functional.interpolate(x, (1,), None, 'linear', bool(False), data_format='NCW'))[0, 0, 0]
expected = 0.5
assert got == expected, f"got {got}, expected {expected}"
