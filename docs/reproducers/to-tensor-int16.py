"""to-tensor-int16: torch >=2.4, <2.16. Promised: An image of 16 or 32 bits a pixel keeps its values, unscaled,
whatever the range in which they lie. Instead: torchvision reads mode I;16, which is unsigned, as int16: levels from
32768 on become negative, 65535 becomes -1. Seen in torchvision 0.19 to 0.29, which belong to these releases of
torch."""
import numpy as np
from PIL import Image
from torchvision.transforms.functional import to_tensor

got = int(to_tensor(Image.fromarray(np.array([[40000]], "uint16"))).item())
assert got == 40000, f"got {got}, expected 40000"
