"""psroi-pool-last-left-out: torch >=2.4, <2.16. Promised: Each bin of a box is the mean of its part of a channel of
its own, and its gradient goes back to that part. Instead: The last row and the last column of a map are in no bin
of ps_roi_pool, whatever the box: 0 for 4 as the mean of a box over the last pixel. The gradient goes back to them
all the same."""
import numpy as np
import torch
from torchvision.ops import ps_roi_pool

x = torch.tensor(np.array([[[[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]]], [[[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]], 'float32'))
boxes = torch.tensor(np.array([[1.0, 1.0, 2.0, 2.0]], 'float32'))
got = np.asarray(ps_roi_pool(x, list(boxes.split([1, 0])), (1, 1), 1.0))[0, 0, 0, 0]
expected = 4.0
assert abs(got - expected) <= 7.2e-07, f"got {got}, expected {expected}"
