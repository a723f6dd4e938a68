"""isclose-equal-nan-in-place: torch >=2.4, <2.12. Promised: Where |x - y| is at most atol + rtol |y|; infinities
are close to themselves only, NaN to NaN where told so. Instead: With equal_nan the first tensor may not be
broadcast: its NaN are written over in place."""
import numpy as np
import torch

x = torch.tensor(np.array([1.0], 'float32'))
y = torch.tensor(np.array([1.0, 2.0], 'float32'))
try:
    torch.isclose(x, y, *(1e-05, 1e-08), equal_nan=True)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
