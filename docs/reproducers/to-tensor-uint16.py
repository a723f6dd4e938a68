"""to-tensor-uint16: paddle >=2.6.2, <3.4. Promised: An array of wide unsigned integers keeps dtype and values.
Instead: paddle keeps bfloat16 in NumPy's uint16, so a 16-bit image given as an array comes out as bfloat16 with the
same bits: 16256 becomes 1.0."""
import numpy as np
from paddle.vision.transforms import ToTensor

got = ToTensor()(np.full((1, 1, 1), 16256, "uint16"))
assert got.item() == 16256, f"got {got.item()} of {got.dtype}, expected 16256"
