"""gamma-slope-not-a-number: torch >=2.4.1, <2.16. Promised: The gamma distribution, whose density at 0 is the rate
where the concentration is 1. Instead: The gradient of log_prob at value 0 is NaN for -2, where concentration 1
makes the density finite: (concentration - 1) / value is 0 / 0."""
import numpy as np
import torch

value = torch.tensor(np.array(0.0, 'float32')).requires_grad_()
concentration = torch.tensor(np.array(1.0, 'float32')).requires_grad_()
rate = torch.tensor(np.array(2.0, 'float32')).requires_grad_()
def asked(kind, call, value, *parameters):
    member = getattr(kind(*parameters), 'log_prob')
    if value is not None:
        return member(value)
    return (member() if callable(member) else member) + sum((0.0 * each.sum() for each in parameters))
def likely(kind, call, value, *parameters):
    return asked(kind, 'log_prob', value, *parameters)
output = likely(torch.distributions.Gamma, 'log_prob', value, concentration, rate)
cotangent = torch.tensor(np.array(1.0, 'float32'))
got = np.asarray(torch.autograd.grad([output], [value, concentration, rate], [cotangent], allow_unused=True)[0])[()]
expected = -2.0
assert got == expected, f"got {got}, expected {expected}"
