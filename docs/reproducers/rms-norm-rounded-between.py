"""rms-norm-rounded-between: torch >=2.4.1, <2.7. Promised: x over the root of its mean square, times a weight, plus
a bias, in one call. Instead: rms_norm of low precision rounds before it multiplies by the weight, and in 2.4 each
of its steps, from the squares on; from 2.8 on once, at its end."""
import numpy as np
import torch

x = torch.tensor(np.array([[0.36, 1.07]], 'float16'))
weight = torch.tensor(np.array([-1.5, 0.43], 'float16'))
bias = torch.tensor(np.array([-1.26, -0.57], 'float16'))
got = np.asarray(torch.nn.functional.rms_norm(x, (x.shape[-1],), weight, 1e-05) + bias)
expected = np.array([[-1.93622, 0.006444]], 'float64')
allowed = np.array([[0.0013, 0.00029]], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
