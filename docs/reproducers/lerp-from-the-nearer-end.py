"""lerp-from-the-nearer-end: torch >=2.4, <2.16. Promised: x + weight (y - x), with the gradient of all three.
Instead: Formed from the nearer end: towards an infinite one, by half or more of the way, it is NaN."""
import numpy as np
import torch

x = torch.tensor(np.array([1.0], 'float32'))
y = torch.tensor(np.array([np.inf], 'float32'))
got = np.ravel(torch.lerp(x, y, 0.75))[0]
expected = np.inf
assert got == expected, f"got {got}, expected {expected}"
