"""clamp-none-at-bounds-torch: torch >=2.14, <2.16. Promised: x within bounds, either of which may lack; the
gradient passes within and at them. Instead: At exactly a bound the gradient is 0; older releases pass it, as paddle
does now."""
import numpy as np
import torch

x = torch.tensor(np.array([1.0], 'float32')).requires_grad_()
output = torch.clamp(x, *(-1.0, 1.0))
cotangent = torch.tensor(np.array([1.0], 'float32'))
got = np.ravel(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = 1.0
assert got == expected, f"got {got}, expected {expected}"
