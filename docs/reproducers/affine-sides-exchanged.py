"""affine-sides-exchanged: paddle >=2.6.2, <3.4. Promised: An affine map turns with the clock, scales, shears and
moves, about the middle or a given point. Instead: Height and width are exchanged where a centre is given: a tensor
that is no square is turned about another point."""
import numpy as np
import paddle
from paddle.vision.transforms import affine

x = paddle.to_tensor(np.array([[[1.0, 2.0, 3.0]]], 'float32'))
options = {'fill': 0.5}
got = np.asarray(affine(x, 0.0, (0, 0), 2.0, (0, 0), 'nearest', center=(0, 0), **options))[0, 0, 2]
expected = 2.0
assert got == expected, f"got {got}, expected {expected}"
