"""ldexp-gradient-through-the-power: torch >=2.14, <2.16. Promised: x times a power of two, which may itself be
beyond the format. Instead: The gradient is formed of the power by itself, which may be infinite where the product
is not: of a gradient of 0 it is NaN."""
import numpy as np
import torch

x = torch.tensor(np.array([1e-30], 'float32')).requires_grad_()
power = torch.tensor(np.array([140], 'int32'))
output = torch.ldexp(x, power)
cotangent = torch.tensor(np.array([0.0], 'float32'))
got = np.ravel(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
