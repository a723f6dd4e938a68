"""box-coder-middle-of-corners: paddle >=2.6.2, <3.4. Promised: Boxes as distances from others and back: the one is
the inverse of the other, of pixels too. Instead: Boxes of pixels are encoded around the middle of their corners and
decoded around that of their pixels: a round trip moves them by half a pixel."""
import numpy as np
import paddle

corner = paddle.to_tensor(np.array([[0.0, 0.0]], 'float32'))
side = paddle.to_tensor(np.array([[1.0, 1.0]], 'float32'))
other = paddle.to_tensor(np.array([[0.0, 0.0]], 'float32'))
extent = paddle.to_tensor(np.array([[1.0, 1.0]], 'float32'))
VARIANCES = (0.125, 0.25, 0.5, 2.0)
priors = paddle.concat([corner, corner + side], 1)
variances = list(VARIANCES)
if 'list' == 'tensor' or str(priors.dtype) != 'paddle.float32':
    variances = paddle.to_tensor([variances] * priors.shape[0], dtype=priors.dtype)
given = paddle.concat([other, other + extent], 1)
kind = 'encode_center_size'
got = np.asarray(paddle.vision.ops.box_coder(priors, variances, given, kind, not True, axis=0))[0, 0, 0]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
