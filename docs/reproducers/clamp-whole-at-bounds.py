"""clamp-whole-at-bounds: torch >=2.4, <2.14. Promised: x within bounds that are tensors and have gradients; at a
bound half of it goes to each. Instead: At a bound the number has the whole gradient; later releases share it."""
import numpy as np
import torch

x = torch.tensor(np.array([1.0], 'float32')).requires_grad_()
low = torch.tensor(np.array(0.0, 'float32')).requires_grad_()
high = torch.tensor(np.array(1.0, 'float32')).requires_grad_()
output = torch.clip(x, low, high)
cotangent = torch.tensor(np.array([1.0], 'float32'))
got = np.ravel(torch.autograd.grad([output], [x, low, high], [cotangent], allow_unused=True)[0])[0]
expected = 0.5
assert got == expected, f"got {got}, expected {expected}"
