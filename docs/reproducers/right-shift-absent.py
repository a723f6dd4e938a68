"""right-shift-absent: paddle >=2.6.2, <3.0. Promised: Bits moved down, with the sign kept. Instead: There are no
shifts yet."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1], 'int32'))
count = paddle.to_tensor(np.array([1], 'int32'))
try:
    paddle.bitwise_right_shift(x, count)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
