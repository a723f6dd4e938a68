"""nextafter-of-one-shape: paddle >=2.6.2, <3.1. Promised: The next number of the format towards another. Instead:
Shapes that differ are refused."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0, 2.0], 'float32'))
y = paddle.to_tensor(np.array([1.0], 'float32'))
try:
    paddle.nextafter(x, y)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
