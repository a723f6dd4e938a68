"""add-number-float32-number: paddle >=2.6.2, <3.0. Promised: The sum with a number on either side. Instead: A
number is rounded to float32 before it meets a float64 tensor: x + 0.1 is off by 1.5e-9."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.5], 'float64'))
got = np.ravel(x + 0.1)[0]
expected = 0.6
assert abs(got - expected) <= 1.6e-16, f"got {got}, expected {expected}"
