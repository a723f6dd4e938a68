"""rotate-corners-about-middle: paddle >=2.6.2, <3.4. Promised: An image that is enlarged to hold a rotated one has
all pixels that its corners reach into, and no others. Instead: The corners of a rotated tensor are rounded as seen
from its middle, in single precision: where a side is odd the image is enlarged without need, at an angle of 0 too,
and it is another size than for Pillow's images."""
import numpy as np
import paddle
from paddle.vision.transforms import rotate

x = paddle.to_tensor(np.array([[[0.12573022]], [[-0.13210486]], [[0.64042264]]], 'float32'))
options = {} if None is None else {'fill': None}
got = rotate(x, 0.0, 'nearest', True, None, **options)
assert got is not None, "output is missing"
