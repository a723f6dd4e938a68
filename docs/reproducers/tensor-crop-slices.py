"""tensor-crop-slices: paddle >=2.6.2, <3.4. Promised: A crop of a tensor is zero where it leaves it, as that of an
image is. Instead: Crop and CenterCrop of a tensor are Python slices: nothing is padded, so that the result is too
small, and a negative offset counts from the other end. Those of a PIL image pad with zeros in both frameworks."""
import paddle
from paddle.vision.transforms import crop

got = crop(paddle.ones([1, 2, 2]), 1, 1, 2, 2).shape
assert list(got) == [1, 2, 2], f"a crop of 2 x 2 has the shape {got}"
