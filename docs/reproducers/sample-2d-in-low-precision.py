"""sample-2d-in-low-precision: torch >=2.6, <2.16. Promised: grid_sample takes an image's values at places in it,
between its pixels and beyond its edges. Instead: In float16 and bfloat16 every step is rounded to them, the
positions in pixels too: -0.0625 for -0.0636."""
import numpy as np
import torch

x = torch.tensor(np.array([[[[-0.31445312]]]], 'float32')).to(torch.bfloat16).requires_grad_()
grid = torch.tensor(np.array([[[[1.4609375, -0.5]]]], 'float32')).to(torch.bfloat16).requires_grad_()
output = torch.nn.functional.grid_sample(x, grid, 'bilinear', 'zeros', False)
cotangent = torch.tensor(np.array([[[[0.65625]]]], 'float32')).to(torch.bfloat16)
got = np.asarray(torch.autograd.grad([output], [x, grid], [cotangent], allow_unused=True)[0].float())
expected = np.array([[[[0.13266]]]], 'float64')
allowed = np.array([[[[0.00052]]]], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
