"""half-rounded-up-to-one: paddle >=3.2, <3.4. Promised: Numbers of low precision that are uniform between 0 and 1
are below 1: some 2^18 of them, in which 1 would be. Instead: Numbers are drawn in float32 and rounded to the
nearest: one in 4096 float16 numbers is exactly 1, one in 512 of bfloat16."""
import numpy as np
import paddle

paddle.seed(0)
found = paddle.rand([512, 512], 'float16').astype('float32')
got = np.asarray(bool((found < 1).all()))[()]
expected = True
assert got == expected, f"got {got}, expected {expected}"
