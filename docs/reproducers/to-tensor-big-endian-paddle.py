"""to-tensor-big-endian-paddle: paddle >=2.6.2, <3.4. Promised: A 16-bit image in big-endian order keeps its values,
as the same image of 32 bits does. Instead: paddle reads mode I;16B (a big-endian TIFF) as an array of foreign byte
order, and refuses it."""
from paddle.vision.transforms import ToTensor
from PIL import Image

try:
    ToTensor()(Image.frombytes("I;16B", (1, 1), b"\x01\x02"))
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
