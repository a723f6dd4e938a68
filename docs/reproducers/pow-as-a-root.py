"""pow-as-a-root: torch >=2.4, <2.16. Promised: x to the power of a number, for some of which kernels have a way of
their own. Instead: With exponents 0.5 and -0.5 it is a square root: of -inf NaN, where the power is infinite or 0,
and of -0 with the sign of it, in the gradient too."""
import numpy as np
import torch

x = torch.tensor(np.array([-np.inf], 'float32'))
got = np.ravel(torch.pow(x, 0.5))[0]
expected = np.inf
assert got == expected, f"got {got}, expected {expected}"
