"""erf-polynomial: torch >=2.4, <2.16. Promised: The error function. Instead: In float16 a polynomial of absolute
accuracy stands for the function: erf(1e-5) is 1.156e-5 for 1.130e-5."""
import numpy as np
import torch

x = torch.tensor(np.array([1e-05], 'float16'))
got = np.asarray(torch.erf(x))
expected = np.array([1.1299e-05], 'float64')
allowed = np.array([1.4e-07], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
