"""resize-1d-in-low-precision: torch >=2.4.1, <2.16. Promised: interpolate along one axis: between neighbours, or by
areas. Instead: In float16 and bfloat16 the weights are rounded to them: -1.212 for -1.215."""
import numpy as np
import torch

x = torch.tensor(np.flip(np.array([[[10.16, -2.848, -10.97, 4.203], [16.28, 0.01723, 0.2272, -12.18]]], 'float16'), -1).copy()).requires_grad_().flip(-1)
output = torch.nn.functional.interpolate(x.moveaxis(1, -1).contiguous().moveaxis(-1, 1), (7,), None, 'linear', False)
cotangent = torch.tensor(np.array([[[0.4766, 0.11, -1.453, -0.9, 0.0967, -0.1978, 2.41], [0.01327, 0.2722, -0.752, -0.6304, -0.1501, 0.481, 0.4248]]], 'float16'))
got = np.asarray(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])
expected = np.array([[[0.443473, -1.760001, -0.430804, 2.28993], [0.1345531, -0.916207, -0.282837, 0.723267]]], 'float64')
allowed = np.array([[[0.00022, 0.00087, 0.00022, 0.0012], [6.7e-05, 0.00045, 0.00014, 0.00036]]], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
