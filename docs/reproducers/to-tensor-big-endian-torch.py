"""to-tensor-big-endian-torch: torch >=2.4, <2.16. Promised: A 16-bit image in big-endian order keeps its values, as
the same image of 32 bits does. Instead: On a little-endian machine torchvision takes mode I;16B (a big-endian TIFF)
for one of 8 bits: only the low byte of each pixel is left, and scaled to [0, 1]. Seen in torchvision 0.19 to 0.29,
which belong to these releases of torch."""
from PIL import Image
from torchvision.transforms import ToTensor

got = ToTensor()(Image.frombytes("I;16B", (1, 1), b"\x01\x02")).item()
assert got == 258, f"level 258, big-endian: got {got}"
