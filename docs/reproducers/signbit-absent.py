"""signbit-absent: paddle >=2.6.2, <3.0. Promised: Where the sign is a minus, also of a zero. Instead: There is no
paddle.signbit yet."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0], 'float32'))
try:
    paddle.signbit(x)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
