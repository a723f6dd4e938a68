"""bce-target-unbounded: torch >=2.4, <2.16. Promised: The gradient of a target is the difference of the two
logarithms, neither of them below -100. Instead: The gradient of the target is infinite at probabilities of 0 and 1,
although the loss, whose logarithms are not below -100, has a slope of 100 there."""
import numpy as np
import torch

x = torch.tensor(np.array([0.0], 'float32'))
target = torch.tensor(np.array([0.91275555], 'float32')).requires_grad_()
output = torch.nn.BCELoss(None, reduction='mean')(x, target)
cotangent = torch.tensor(np.array(0.94708097, 'float32'))
got = np.ravel(torch.autograd.grad([output], [target], [cotangent], allow_unused=True)[0])[0]
expected = 94.70809698
assert abs(got - expected) <= 5.7e-06, f"got {got}, expected {expected}"
