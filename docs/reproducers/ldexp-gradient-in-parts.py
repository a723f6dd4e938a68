"""ldexp-gradient-in-parts: torch >=2.11, <2.14. Promised: x times a power of two, which may itself be beyond the
format. Instead: The gradient is formed of the power of two as an integer, which is 0 for negative exponents and
beyond 2^31."""
import numpy as np
import torch

x = torch.tensor(np.array(1e-30, 'float32')).requires_grad_()
power = torch.tensor(np.array(-110, 'int32'))
output = torch.ldexp(x, power)
cotangent = torch.tensor(np.array(0.104900114, 'float32'))
got = np.asarray(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[()]
expected = 8.081210847244438e-35
assert got == expected, f"got {got}, expected {expected}"
