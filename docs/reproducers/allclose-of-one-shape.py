"""allclose-of-one-shape: paddle >=2.6.2, <3.4. Promised: Whether all are close. Instead: Shapes that differ are
refused where torch broadcasts them."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0, 2.0], 'float32'))
y = paddle.to_tensor(np.array([1.0], 'float32'))
try:
    paddle.allclose(x, y, *(1e-05, 1e-08), False)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
