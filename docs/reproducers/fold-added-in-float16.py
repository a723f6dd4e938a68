"""fold-added-in-float16: torch >=2.4.1, <2.16. Promised: Fold adds blocks up where they lie in the image. Instead:
Blocks are added up in float16 or bfloat16 and each partial sum rounded, where a wider accumulator would be rounded
once: 0.00098 for 0.00073."""
import numpy as np
import torch

x = torch.tensor(np.array([[[0.0, 0.0, 0.784], [0.0, -0.1296, 0.0], [-0.654, 0.0, 0.0]]], 'float16'))
got = np.asarray(torch.nn.Fold((1, 5), *((1, 3), (1, 1), (0, 0), (1, 1)))(x))[0, 0, 0, 2]
expected = 0.00073242
assert abs(got - expected) <= 1.2e-06, f"got {got}, expected {expected}"
