"""to-tensor-reversed: torch >=2.4, <2.16. Promised: A mirrored view, or BGR turned to RGB by [:, :, ::-1], converts
like a copy of it. Instead: torch makes no tensors of arrays with negative strides, such as a mirrored image or BGR
reversed to RGB; paddle copies them."""
import numpy as np
from torchvision.transforms import ToTensor

try:
    ToTensor()(np.zeros((1, 2, 3), "uint8")[:, ::-1])
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
