"""matmul-dot-in-steps: torch >=2.6, <2.8. Promised: The product of vectors, matrices and batches of every rank,
either of which may be transposed. Instead: The product of two vectors of float16 or bfloat16 is added up in that
format: of three numbers that cancel it is 0.0044 for 0.0049."""
import numpy as np
import torch

x = torch.tensor(np.array([1.094, -0.8906, -0.9844], 'float16'))
y = torch.tensor(np.array([0.6875, 1.219, -0.3438], 'float16'))
got = np.asarray(torch.matmul(x, y))
expected = np.array(0.00488281, 'float64')
allowed = np.array(5.3e-06, 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
