"""remainder-nan-in-vectors: torch >=2.4, <2.16. Promised: What floor division leaves, with the sign of the divisor;
its gradients are 1 and minus the quotient. Instead: In whole vectors the remainder is NaN where the quotient is
beyond the format's largest number, and right elsewhere: of 1e38 and 0.1 in float32, or of 5 and the smallest normal
number."""
import numpy as np
import torch

x = torch.tensor(np.array([1e+38, 1e+38, 1e+38, 1e+38, 1e+38, 1e+38, 1e+38, 1e+38, 1e+38, 1e+38, 1e+38, 1e+38, 1e+38, 1e+38, 1e+38, 1e+38], 'float32'))
y = torch.tensor(np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], 'float32'))
got = np.ravel(torch.remainder(x, y))[0]
expected = 0.026531606912612915
assert got == expected, f"got {got}, expected {expected}"
