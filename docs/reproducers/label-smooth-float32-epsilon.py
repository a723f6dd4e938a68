"""label-smooth-float32-epsilon: paddle >=2.6.2, <3.4. Promised: A part of each label is taken away and given to a
distribution, which is uniform if none is named. Instead: Epsilon is kept in float32, beside labels in float64 too:
smoothed labels are off by 2e-8."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[1.0, 0.0, 0.0]], 'float64'))
got = np.asarray(paddle.nn.functional.label_smooth(x, None, 0.1))[0, 0]
expected = 0.9333333333333333
assert abs(got - expected) <= 6.3e-16, f"got {got}, expected {expected}"
