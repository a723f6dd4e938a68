"""fmax-first-at-ties-torch: torch >=2.4, <2.14. Promised: The larger of two, the other where one is NaN; of two
that are equal each has half of the gradient. Instead: Of two equal numbers the first has the whole gradient."""
import numpy as np
import torch

x = torch.tensor(np.array([1.0], 'float32')).requires_grad_()
y = torch.tensor(np.array([1.0], 'float32')).requires_grad_()
output = torch.fmax(x, y)
cotangent = torch.tensor(np.array([1.0], 'float32'))
got = np.ravel(torch.autograd.grad([output], [x, y], [cotangent], allow_unused=True)[0])[0]
expected = 0.5
assert got == expected, f"got {got}, expected {expected}"
