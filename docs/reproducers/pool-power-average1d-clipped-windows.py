"""pool-power-average1d-clipped-windows: torch >=2.4.1, <2.16. Promised: The root of the sum of powers of every
window of one axis. Instead: In ceil mode a window that hangs over is the root of the mean times the size of a whole
window: 2.83 for 2."""
import numpy as np
import torch

x = torch.tensor(np.array([[[1.0, 2.0, 2.0]]], 'float32'))
got = np.asarray(torch.nn.LPPool1d(2.0, **{'kernel_size': 2, 'stride': None, 'ceil_mode': True})(x))[0, 0, 1]
expected = 2.0
assert abs(got - expected) <= 5.4e-07, f"got {got}, expected {expected}"
