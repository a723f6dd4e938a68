"""pad-first-channel: paddle >=2.6.2, <3.4. Promised: A border of the given widths is one colour, the edge again, or
the image mirrored with or without its edge. Instead: One number as the fill of an image in colour is taken for the
level of red, and the border is red instead of grey: the documentation promises it for all channels."""
from paddle.vision.transforms import functional
from PIL import Image

got = functional.pad(Image.new("RGB", (1, 1)), 1, 9).getpixel((0, 0))
assert got == (9, 9, 9), f"got a border of {got}, expected (9, 9, 9)"
