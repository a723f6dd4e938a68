"""soft-margin-overflows-torch: torch >=2.4, <2.16. Promised: log(1 + exp(-t x)) for targets of 1 and -1. Instead:
log(1 + exp(-t x)) is formed as it stands: the loss is inf and its gradient NaN where -t x exceeds 89, and right is
-t x with a gradient of -t."""
import numpy as np
import torch

x = torch.tensor(np.array([-np.inf, 75.94, -16.48, np.inf, np.inf], 'float16')).requires_grad_()
target = torch.tensor(np.array([1.0, 1.0, 1.0, 1.0, -1.0], 'float16'))
output = torch.nn.SoftMarginLoss(reduction='mean')(x, target)
cotangent = torch.tensor(np.array(0.4685, 'float16'))
got = np.ravel(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[2]
expected = -0.093701
assert abs(got - expected) <= 0.00038, f"got {got}, expected {expected}"
