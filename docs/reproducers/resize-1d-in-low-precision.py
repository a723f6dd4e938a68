"""resize-1d-in-low-precision: torch >=2.4.1, <2.16. Promised: interpolate along one axis: between neighbours, or by
areas. Instead: In float16 and bfloat16 the weights are rounded to them: -1.212 for -1.215."""
import numpy as np
import torch

x = torch.tensor(np.flip(np.array([[[10.16, -2.848, -10.97, 4.203], [16.28, 0.01723, 0.2272, -12.18]]], 'float16'), -1).copy()).flip(-1)
got = np.asarray(torch.nn.functional.interpolate(x.moveaxis(1, -1).contiguous().moveaxis(-1, 1), (7,), None, 'linear', False))
expected = np.array([[[10.1562, 5.512, -1.91881, -6.9082, -9.885, -1.2154, 4.20312], [16.2812, 10.4727, 1.17894, 0.1222, -0.659031, -7.74867, -12.1797]]], 'float64')
allowed = np.array([[[0.01, 0.0054, 0.0019, 0.0068, 0.0098, 0.0012, 0.0042], [0.016, 0.011, 0.0012, 0.00012, 0.00065, 0.0076, 0.012]]], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
