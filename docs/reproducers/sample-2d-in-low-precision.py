"""sample-2d-in-low-precision: torch >=2.6, <2.16. Promised: grid_sample takes an image's values at places in it,
between its pixels and beyond its edges. Instead: In float16 and bfloat16 every step is rounded to them, the
positions in pixels too: -0.0625 for -0.0636."""
import numpy as np
import torch

x = torch.tensor(np.array([[[[-0.31445312]]]], 'float32')).to(torch.bfloat16)
grid = torch.tensor(np.array([[[[1.4609375, -0.5]]]], 'float32')).to(torch.bfloat16)
got = np.asarray(torch.nn.functional.grid_sample(x, grid, 'bilinear', 'zeros', False).float())
expected = np.array([[[[-0.063566]]]], 'float64')
allowed = np.array([[[[0.0005]]]], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
