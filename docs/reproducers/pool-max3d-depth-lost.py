"""pool-max3d-depth-lost: torch >=2.4.1, <2.16. Promised: The largest of every window of three axes, the first of
equal ones, and where it stands. Instead: Channels last, the gradient of a window of -inf alone goes to an element
of the first layer: the depth is left out of the place where the search begins."""
import numpy as np
import torch

x = torch.tensor(np.ascontiguousarray(np.array([[[[[-2.3250308, -0.21879166]], [[np.nan, -np.inf]]]]], 'float32').T)).requires_grad_().moveaxis((0, 1, 2, 3, 4), (4, 3, 2, 1, 0))
output = (lambda found: found)(torch.nn.MaxPool3d(**{'kernel_size': (1, 1, 1), 'stride': None, 'padding': (0, 0, 0), 'ceil_mode': False}, return_indices=False)(x.moveaxis(1, -1).contiguous().moveaxis(-1, 1)))
cotangent = torch.tensor(np.array([[[[[-0.6651947, 0.35151008]], [[0.90347016, 0.0940123]]]]], 'float32'))
got = np.asarray(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0, 0, 0, 1]
expected = 0.35151007771492004
assert got == expected, f"got {got}, expected {expected}"
