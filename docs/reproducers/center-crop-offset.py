"""center-crop-offset: paddle >=2.6.2, <3.4. Promised: CenterCrop takes the middle; an image that is too small gets
a border of zeros around it first. Instead: CenterCrop of an image that is too small cuts at a rounded, negative
offset; torchvision pads first, as it documents, with the odd zero behind. Where 3, 7, 11, ... pixels are lacking,
the picture is one pixel further down or right."""
import numpy as np
from paddle.vision.transforms import CenterCrop
from PIL import Image

got = np.argwhere(np.asarray(CenterCrop(4)(Image.new("L", (1, 1), 255))))[0].tolist()
assert got == [1, 1], f"the only pixel is at {got}, expected at [1, 1], with two zeros behind it"
