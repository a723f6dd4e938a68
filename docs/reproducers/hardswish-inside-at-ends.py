"""hardswish-inside-at-ends: torch >=2.4, <2.8. Promised: x times its hard sigmoid; at -3 and at 3 with the gradient
of outside. Instead: The gradient at exactly 3 is 1.5, in whole vectors 1, and at -3 it is -0.5: that of the
parabola within."""
import numpy as np
import torch

x = torch.tensor(np.array([3.0, -3.0], 'float32')).requires_grad_()
output = torch.nn.functional.hardswish(x)
cotangent = torch.tensor(np.array([1.0, 1.0], 'float32'))
got = np.ravel(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[1]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
