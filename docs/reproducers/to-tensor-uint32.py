"""to-tensor-uint32: paddle >=2.6.2, <3.4. Promised: An array of wide unsigned integers keeps dtype and values.
Instead: paddle has no tensors of uint32 and uint64, torch has."""
import numpy as np
from paddle.vision.transforms import ToTensor

try:
    ToTensor()(np.full((1, 1, 1), 7, "uint32"))
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
