"""round-decimals-absent: paddle >=2.6.2, <3.0. Promised: The nearest number of so many decimals; negative ones are
places before the point. Instead: It rounds to integers only."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([2.5], 'float32'), stop_gradient=False)
try:
    output = paddle.round(x, decimals=1)
    cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
