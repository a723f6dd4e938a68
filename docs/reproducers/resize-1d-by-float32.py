"""resize-1d-by-float32: paddle >=2.6.2, <3.4. Promised: interpolate along one axis: between neighbours, or by
areas. Instead: Positions and weights are computed in float32, in float64 too."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.0, 1.0]]], 'float64'))
got = np.asarray(paddle.nn.functional.interpolate(x, (4,), None, 'linear', bool(True), data_format='NCW'))[0, 0, 2]
expected = 0.6666666666666666
assert abs(got - expected) <= 7.5e-16, f"got {got}, expected {expected}"
