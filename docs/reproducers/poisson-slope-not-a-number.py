"""poisson-slope-not-a-number: torch >=2.4.1, <2.16. Promised: A count of independent events at a rate; of none at
all at the rate 0. Instead: The gradient of log_prob at value 0 and rate 0 is NaN for -1: it is formed as value /
rate."""
import numpy as np
import torch

value = torch.tensor(np.array(0.0, 'float32'))
rate = torch.tensor(np.array(0.0, 'float32')).requires_grad_()
def asked(kind, call, value, *parameters):
    member = getattr(kind(*parameters), 'log_prob')
    if value is not None:
        return member(value)
    return (member() if callable(member) else member) + sum((0.0 * each.sum() for each in parameters))
def likely(kind, call, value, *parameters):
    return asked(kind, 'log_prob', value, *parameters)
output = likely(torch.distributions.Poisson, 'log_prob', value, rate)
cotangent = torch.tensor(np.array(1.0, 'float32'))
got = np.asarray(torch.autograd.grad([output], [rate], [cotangent], allow_unused=True)[0])[()]
expected = -1.0
assert got == expected, f"got {got}, expected {expected}"
