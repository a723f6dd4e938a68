"""sign-zero-of-nan: torch >=2.4, <2.16. Promised: -1, 0 or 1, and NaN of NaN; its gradient is 0. Instead: The sign
of NaN is 0."""
import numpy as np
import torch

x = torch.tensor(np.array([np.nan], 'float32'))
got = np.ravel(torch.sign(x))[0]
assert np.isnan(got), f"got {got}, expected NaN"
