"""affine-fill-lost: paddle >=2.6.2, <3.4. Promised: An affine map turns with the clock, scales, shears and moves,
about the middle or a given point. Instead: The fill is passed to Pillow in the place of another argument, and has
no effect: what lies outside is 0 whatever was asked for."""
from paddle.vision.transforms import functional
from PIL import Image

image = Image.new("RGB", (1, 1), (1, 2, 3))
got = functional.affine(image, 0.0, (0, 1), 1.0, (0, 0), fill=9).getpixel((0, 0))
assert got == (9, 9, 9), f"got {got} outside of the image, expected (9, 9, 9)"
