"""dlpack-read-only-written: torch >=2.9, <2.16. Promised: An array that must not be written is not written through
a tensor of its memory: one or the other is refused. Instead: A tensor that from_dlpack makes of a read-only array
can be written, and the array is: the flag by which DLPack 1.0 says so is not looked at."""
import numpy as np
import torch

array = np.zeros(1)
array.flags.writeable = False
try:
    torch.from_dlpack(array)[0] = 1.0
except Exception:
    pass
assert array[0] == 0.0, f"got {array[0]} in a read-only array, expected 0.0"
