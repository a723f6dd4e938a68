"""expm1-cut-off: paddle >=2.6.2, <3.2. Promised: exp(x) - 1, with all its digits near 0. Instead: On the CPU
numbers become float16 by cutting off the last bits, not by rounding: results are off by up to a unit in the last
place at each step."""
import numpy as np
import paddle

got = paddle.expm1(paddle.to_tensor(np.array([2.0], "float16"))).item()
assert got == 6.390625, f"expm1(2) in float16: got {got}, expected 6.390625"
