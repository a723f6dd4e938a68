"""tensor-crop-negative-end: torch >=2.4, <2.16. Promised: A crop of a tensor is zero where it leaves it, as that of
an image is. Instead: Crop of a tensor by a rectangle that ends above or left of it returns more than was asked for,
with pixels of the image: the negative end is taken for one that counts from the other side. Crop of a PIL image is
right. Seen in torchvision 0.19 to 0.29, which belong to these releases of torch."""
import torch
from torchvision.transforms.functional import crop

got = crop(torch.ones(1, 4, 4), -3, 0, 2, 2)
assert got.shape == (1, 2, 2) and not got.any(), f"a crop of 2 x 2 above the image has the shape {tuple(got.shape)}"
