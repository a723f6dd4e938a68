"""i0-times-exp-torch: torch >=2.4, <2.16. Promised: The modified Bessel function of order 0. Instead: The function
is formed as exp(x) times a polynomial, and is infinite as soon as exp(x) is: i0(90) is infinite for 5.1e37."""
import numpy as np
import torch

x = torch.tensor(np.array([90.0], 'float32'))
got = np.ravel(torch.i0(x))[0]
expected = 5.13923835e+37
assert abs(got - expected) <= 3.7e+31, f"got {got}, expected {expected}"
