"""warp-weighed-twice: torch >=2.4, <2.16. Promised: A rotation turns against the clock about the middle or a given
point; what lies outside is the fill. Instead: Where a fill is given, the part of the image in a new pixel at its
edge, a sum weighed by its share of four pixels, is weighed by that share again: an image of ones rotated with a
fill of 1 has a dark border."""
import numpy as np
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import rotate

x = torch.tensor(np.array([[[0.12573022], [-0.13210486]]], 'float32'))
where = None
got = np.asarray(rotate(x, 164.4, InterpolationMode('bilinear'), False, where, 0.5))[0, 0, 0]
expected = -0.0430017
assert abs(got - expected) <= 1.2e-05, f"got {got}, expected {expected}"
