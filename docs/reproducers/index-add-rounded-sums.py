"""index-add-rounded-sums: torch >=2.4, <2.16. Promised: Slices added along an axis, some of them to the same place.
Instead: In bfloat16 and float16 every addition to the same place is rounded: 0.1172 for 0.1184."""
import numpy as np
import torch

x = torch.tensor(np.array([0.0], 'float32')).to(torch.bfloat16)
index = torch.tensor(np.array([0, 0, 0, 0, 0], 'int64'))
v = torch.tensor(np.array([0.052001953, 0.68359375, 0.0, -0.6171875, 0.0], 'float32')).to(torch.bfloat16)
got = np.asarray(torch.index_add(x, 0, index, v).float())
expected = np.array([0.118408], 'float64')
allowed = np.array([0.00047], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
