"""renorm-with-epsilon: torch >=2.4, <2.16. Promised: Slices along an axis, those longer than a bound shortened to
it. Instead: The bound is divided by the norm plus 1e-7: in float64 slices come out 1e-7 too short."""
import numpy as np
import torch

x = torch.tensor(np.array([[3.0, 4.0]], 'float64'))
got = np.asarray(torch.renorm(x, 2.0, 0, 1.0))[0, 0]
expected = 0.6000000000000001
assert abs(got - expected) <= 9.4e-16, f"got {got}, expected {expected}"
