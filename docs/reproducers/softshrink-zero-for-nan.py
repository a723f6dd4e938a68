"""softshrink-zero-for-nan: torch >=2.4, <2.6. Promised: x moved towards 0 by a bound, and 0 within it. Instead: A
NaN becomes 0."""
import numpy as np
import torch

x = torch.tensor(np.array([np.nan, 1.0], 'float32'))
got = np.ravel(torch.nn.functional.softshrink(x, 0.5))[0]
assert np.isnan(got), f"got {got}, expected NaN"
