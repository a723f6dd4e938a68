"""ldexp-through-the-power: paddle >=2.6.2, <3.4. Promised: x times a power of two, which may itself be beyond the
format. Instead: The power of two is formed by itself and may be infinite where the product is not: 1e-30 * 2^130 is
infinite for 1.36e9."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1e-30], 'float32'))
power = paddle.to_tensor(np.array([130], 'int32'))
got = np.ravel(paddle.ldexp(x, power))[0]
expected = 1361129472.0
assert got == expected, f"got {got}, expected {expected}"
