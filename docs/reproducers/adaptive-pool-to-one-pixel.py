"""adaptive-pool-to-one-pixel: torch >=2.4, <2.16. Promised: An adaptive pool gives the size asked for, None keeping
a side, and refuses an image without pixels. Instead: torch refuses to pool an image without pixels, except to one
pixel: there it takes a mean, which is NaN."""
import numpy as np
import torch
from torch.nn import functional

x = torch.tensor(np.zeros((1, 1, 0, 1), 'float32'))
try:
    got = {'shape': np.array(functional.adaptive_avg_pool2d(x, [1, 1]).shape, np.int64)}
except Exception:
    got = None
assert got is None, f'not refused (an image needs pixels): got {got}'
