"""truth-of-negative: paddle >=2.6.2, <3.4. Promised: One number of a tensor without axes as Python's: item, float,
int, bool and a list of one. Instead: bool of a tensor asks whether its number is larger than 0: of -0.25, -2 and
NaN it is False."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(-0.25, 'float32'))
got = np.asarray(bool(x))[()]
expected = True
assert got == expected, f"got {got}, expected {expected}"
