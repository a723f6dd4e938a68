"""pad-one-order: paddle <3. Promised: F.pad of the last axes of an array, from the last backwards. Instead: Release
2.6 has no pad_from_left_axis: widths of all axes come from the first to the last."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.12573022], 'float32'), stop_gradient=False)
try:
    output = paddle.nn.functional.pad(x, [0, 0], value=0.0, pad_from_left_axis=False)
    cotangent = paddle.to_tensor(np.array([-0.13210486], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
