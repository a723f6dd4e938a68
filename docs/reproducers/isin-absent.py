"""isin-absent: paddle >=2.6.2, <3.0. Promised: Whether each element is among others. Instead: isin came later."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(4.0, 'float32'))
y = paddle.to_tensor(np.array([4.0], 'float32'))
try:
    paddle.isin(x, y, invert=False)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
