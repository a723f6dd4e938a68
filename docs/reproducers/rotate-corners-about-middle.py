"""rotate-corners-about-middle: paddle >=2.6.2, <3.4. Promised: An image that is enlarged to hold a rotated one has
all pixels that its corners reach into, and no others. Instead: The corners of a rotated tensor are rounded as seen
from its middle, in single precision: where a side is odd the image is enlarged without need, at an angle of 0 too,
and it is another size than for Pillow's images."""
import paddle
from paddle.vision.transforms import functional

got = functional.rotate(paddle.ones([1, 3, 1]), 0.0, expand=True).shape
assert list(got) == [1, 3, 1], f"got shape {got}, expected [1, 3, 1]"
