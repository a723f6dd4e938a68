"""pool-fractional-max2d-lacking: paddle <3. Promised: The largest of windows whose distances are unequal, by a
number that is given in place of a random one. Instead: Release 2.6 has no FractionalMaxPool2D."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[1.0, 2.0], [3.0, 4.0]]]], 'float32'), stop_gradient=False)
try:
    output = (lambda found: found)(paddle.nn.FractionalMaxPool2D((2, 2), (1, 1), random_u=0.13, return_mask=False)(x))
    cotangent = paddle.to_tensor(np.array([[[[1.0, 1.0], [1.0, 1.0]]]], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
