"""layer-norm-some-axis-left: paddle >=2.6.2, <3.4. Promised: The mean and variance over the last axes normalize
them. Instead: An eps of more than 0.001 is refused, and an input all of whose axes are normalized. And eps is a
float32 number in float64 too."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-4.0, 4.0, 4.0, 4.0], 'float32'), stop_gradient=False)
weight = paddle.to_tensor(np.array([1.1690683, 2.4583714, 2.0, 3.0], 'float32'), stop_gradient=False)
try:
    output = paddle.nn.functional.layer_norm(x, (4,), None if weight is None else weight.flatten(), None, 0.001)
    cotangent = paddle.to_tensor(np.array([-4.0, -2.0, -4.0, -2.0], 'float32'))
    paddle.grad([output], [x, weight], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
