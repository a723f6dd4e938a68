"""collate-numpy-bool: paddle >=2.6.2, <3.4. Promised: Numbers and arrays of a batch are put together part by part,
whatever holds them; texts stay as they are. Instead: A truth value of NumPy, as a comparison of array elements
gives it, is refused as no number."""
import numpy as np
from paddle.io.dataloader.collate import default_collate_fn

try:
    default_collate_fn([np.bool_(True), np.bool_(False)])
except Exception as error:
    raise AssertionError(f"got {error}, expected [True, False]") from error
