"""sum-cut-off: paddle >=2.6.2, <3.1. Promised: The sum; of integers and truth values in int64. Instead: In float16
and bfloat16 each partial sum is cut off to the format, where others keep a wider sum."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.9033, 0.094, 0.0, -0.922], 'float16'))
got = np.asarray(paddle.sum(x, None, None, False))
expected = np.array(0.0754395, 'float64')
allowed = np.array(7.5e-05, 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
