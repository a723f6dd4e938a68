"""collate-new-booleans: torch >=2.4, <2.9. Promised: Numbers and arrays of a batch are put together part by part,
whatever holds them; texts stay as they are. Instead: A truth value of NumPy 2 is refused as no integer; seen with
NumPy 2.4."""
import numpy as np
from torch.utils.data import default_collate

try:
    default_collate([np.bool_(True), np.bool_(False)])
except Exception as error:
    raise AssertionError(f"got {error}, expected [True, False]") from error
