"""strided-slice-no-negative-axis: paddle >=2.6.2, <3.4. Promised: As a slice, with steps. Instead: A negative axis
is refused, though paddle.slice and indexing count it from the back."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-0.13210486], 'float32'), stop_gradient=False)
try:
    output = paddle.strided_slice(x, [-1], [0], [1], [1])
    cotangent = paddle.to_tensor(np.array([0.64042264], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
