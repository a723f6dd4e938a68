"""i0-times-exp-torch: torch >=2.4, <2.16. Promised: The modified Bessel function of order 0. Instead: The function
is formed as exp(x) times a polynomial, and is infinite as soon as exp(x) is: i0(90) is infinite for 5.1e37."""
import numpy as np
import torch

x = torch.tensor(np.array([90.0], 'float32')).requires_grad_()
output = torch.i0(x)
cotangent = torch.tensor(np.array([1.0], 'float32'))
got = np.ravel(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = 5.11060682e+37
assert abs(got - expected) <= 9.5e+31, f"got {got}, expected {expected}"
