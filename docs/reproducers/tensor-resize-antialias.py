"""tensor-resize-antialias: paddle >=2.6.2, <3.4. Promised: Resize of a tensor averages over the pixels that a
smaller picture merges, as it does for an image. Instead: Resize of a tensor never antialiases, so a smaller picture
skips pixels, its cubic kernel has a = -0.75, and a side of one pixel shows the edge of the image instead of its
middle; torchvision's, as Pillow's in both frameworks, antialiases with a = -0.5."""
import paddle
from paddle.vision.transforms import resize

image = paddle.zeros([1, 8, 8])
image[:, :, 0] = 1.0
got = float(resize(image, (2, 2))[0, 0, 0])
assert abs(got - 0.625 / 3.5) <= 1e-6, f"a white first column, 4 times smaller: got {got}, expected {0.625 / 3.5}"
