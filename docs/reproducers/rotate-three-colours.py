"""rotate-three-colours: paddle >=2.6.2, <3.4. Promised: A rotation turns against the clock about the middle or a
given point, and may enlarge the image to hold all. Instead: The fill, 0 by default, is made a colour of three
numbers. An image in grey is refused for it, and beside an alpha the corners of a rotated image are opaque black
where torch's are transparent: the documentation promises the same number in all channels."""
from paddle.vision.transforms import functional
from PIL import Image

try:
    functional.rotate(Image.new("L", (1, 1)), 1.0)
except Exception as error:
    raise AssertionError(f"got {error}, expected an image in grey") from error
