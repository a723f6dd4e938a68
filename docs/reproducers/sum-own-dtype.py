"""sum-own-dtype: paddle >=2.6.2, <3.4. Promised: The sum of small integers is an int64, which holds it. Instead:
The sum of uint8, int8 or int16 keeps the dtype and wraps around: of 300 times 1 it is 44."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([100, 100, 100], 'uint8'))
got = x.sum(None)
assert str(got.dtype).endswith('int64'), f"got {got.dtype}"
