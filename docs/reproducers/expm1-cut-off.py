"""expm1-cut-off: paddle >=2.6.2, <3.2. Promised: exp(x) - 1, with all its digits near 0. Instead: On the CPU
numbers become float16 by cutting off the last bits, not by rounding: results are off by up to a unit in the last
place at each step."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-4.04, -4.445, -4.68, -3.092, -4.223, -3.28], 'float16'))
got = np.asarray(paddle.expm1(x))
expected = np.array([-0.98239, -0.98827, -0.99072, -0.95458, -0.98534, -0.962345], 'float64')
allowed = np.array([0.00097, 0.00097, 0.00097, 0.00094, 0.00097, 0.00095], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
