"""pool-max1d-added-in-float16: torch >=2.4.1, <2.16. Promised: The largest of every window of one axis, the first
of equal ones, and where it stands. Instead: The gradient of an element that is the largest of several windows is
added up in float16 and each partial sum rounded, where a wider accumulator would be rounded once: 0.00098 for
0.00073."""
import numpy as np
import torch

x = torch.tensor(np.array([[[0.0, 0.0, 5.0, 0.0, 0.0]]], 'float16')).requires_grad_()
output = (lambda found: found)(torch.nn.MaxPool1d(**{'kernel_size': (3,), 'stride': (1,), 'padding': (0,), 'ceil_mode': False}, return_indices=False)(x))
cotangent = torch.tensor(np.array([[[-0.654, -0.1296, 0.784]]], 'float16'))
got = np.asarray(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0, 2]
expected = 0.000732422
assert abs(got - expected) <= 7e-07, f"got {got}, expected {expected}"
