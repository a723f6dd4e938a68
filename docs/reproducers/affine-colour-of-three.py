"""affine-colour-of-three: paddle >=2.6.2, <3.4. Promised: An affine map turns with the clock, scales, shears and
moves, about the middle or a given point. Instead: A whole fill, as 0 by default, is made a colour of three, which a
tensor of one channel is refused for; a float is not."""
import numpy as np
import paddle
from paddle.vision.transforms import affine

x = paddle.to_tensor(np.array([[[0.12573022]]], 'float32'))
try:
    options = {}
    affine(x, 0.0, (0, 0), 1.0, (0, 0), 'nearest', center=None, **options)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
