"""random-affine-cut-off: paddle >=2.6.2, <3.4. Promised: Angle, scale and shears are uniform, and so is the way in
whole pixels, to the nearest of them. Instead: A translation is cut off to whole pixels where torch rounds it: none
is twice as likely as any other, and the farthest never comes."""
import numpy as np
from paddle.vision.transforms import RandomAffine
from PIL import Image

image = Image.new("RGB", (20, 1))
image.putpixel((10, 0), (255, 255, 255))
transform = RandomAffine(0, (0.1, 0.0))  # by 2 pixels at most
ways = [int(np.argmax(np.asarray(transform(image))[0, :, 0])) - 10 for _ in range(1000)]
got = {way: ways.count(way) for way in sorted({*ways})}
assert -2 in got and 2 in got, f"got ways and how often {got}, expected -2 and 2 among them"
