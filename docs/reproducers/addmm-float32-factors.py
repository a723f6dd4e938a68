"""addmm-float32-factors: paddle >=2.6.2, <3.4. Promised: beta times a matrix, which is broadcast, plus alpha times
a product. Instead: Both factors are attributes kept in float32, in float64 too."""
import numpy as np
import paddle

input = paddle.to_tensor(np.array([[1.0]], 'float64'))
x = paddle.to_tensor(np.array([[1.0]], 'float64'))
y = paddle.to_tensor(np.array([[1.0]], 'float64'))
got = np.asarray(paddle.addmm(input, x, y, 1.0, 0.1))[0, 0]
expected = 1.1
assert abs(got - expected) <= 7.6e-16, f"got {got}, expected {expected}"
