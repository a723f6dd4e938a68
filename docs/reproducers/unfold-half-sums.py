"""unfold-half-sums: torch >=2.4, <2.16. Promised: Windows along an axis, as a last axis; the gradient of an element
is the sum over its windows. Instead: The gradient of float16 is added up in float16, each addition rounded: 0.00391
for 0.00415 where windows cancel."""
import numpy as np
import torch

x = torch.tensor(np.ascontiguousarray(np.array([[-np.inf, 0.3193], [-0.359, -1.901], [-0.1089, -0.8037], [1.08, -0.2888], [0.0835, np.inf], [-0.5107, -np.inf]], 'float16').T)).requires_grad_().moveaxis((0, 1), (1, 0))
output = x.unfold(0, 4, 1)
cotangent = torch.tensor(np.array([[[0.3708, 0.6133, -0.1522, -1.474], [1.029, -1.935, -0.24, -0.2045]], [[-1.043, 0.6133, -0.2003, -0.4368], [0.52, -0.4766, 1.389, 0.3516]], [[-0.4744, -1.944, -1.308, 1.087], [-0.0506, -0.2832, 1.644, -1.282]]], 'float16'))
got = np.asarray(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])
expected = np.array([[0.37085, 1.029296875], [-0.429688, -1.414551], [-0.01330566, -0.767151], [-3.61829, 0.901001], [-1.744385, 1.99512], [1.0869140625, -1.28223]], 'float64')
allowed = np.array([[np.inf, 0.0], [0.00022, 0.0007], [6.8e-06, 0.00038], [0.0018, 0.00045], [0.00086, np.inf], [0.0, np.inf]], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
