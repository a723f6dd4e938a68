"""renorm-with-epsilon: torch >=2.4, <2.16. Promised: Slices along an axis, those longer than a bound shortened to
it. Instead: The bound is divided by the norm plus 1e-7: in float64 slices come out 1e-7 too short."""
import numpy as np
import torch

x = torch.tensor(np.array([[3.0, 4.0]], 'float64')).requires_grad_()
output = torch.renorm(x, 2.0, 0, 1.0)
cotangent = torch.tensor(np.array([[1.0, 1.0]], 'float64'))
got = np.asarray(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 1]
expected = -0.02400000000000002
assert abs(got - expected) <= 1.4e-15, f"got {got}, expected {expected}"
