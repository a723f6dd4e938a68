"""bce-rounded-floor: torch >=2.4, <2.16. Promised: -(t log x + (1 - t) log(1 - x)), in which no logarithm is below
-100. Instead: The floor of the gradient's denominator, 1e-12, is a float32 number in float64, where gradients at a
probability of 0 are off by 4e-9, and is 0 in float16, where they are NaN."""
import numpy as np
import torch

target = torch.tensor(np.array([0.07563089406417312, 0.06088476511071761, 0.6905948292216021], 'float64'))
x = torch.tensor(np.array([0.20690743533860967, 0.0, 0.9210030481142422], 'float64')).requires_grad_()
output = torch.nn.BCELoss(None, reduction='none')(x, target)
cotangent = torch.tensor(np.array([1.656520336934443, -2.4043681517459943, -1.0104821534460766], 'float64'))
got = np.ravel(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[1]
expected = 146389390158.7451
assert abs(got - expected) <= 9.8e-05, f"got {got}, expected {expected}"
