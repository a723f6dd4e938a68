"""transforms-by-python: paddle >=2.6.2, <3.4. Promised: Everything random that a framework does by itself is
repeated by setting the framework's own seed. Instead: Random flips, crops and colours of paddle.vision draw from
Python's random module: paddle.seed does not repeat them, random.seed does; torchvision draws from torch's
generator."""
import paddle
from paddle.vision.transforms import RandomHorizontalFlip
from PIL import Image


def flips():
    paddle.seed(1)
    image = Image.frombytes("L", (2, 1), b"\x00\x01")
    return [RandomHorizontalFlip(0.5)(image).getpixel((0, 0)) for _ in range(100)]


assert flips() == flips(), "the same seed gives two series of flips"
