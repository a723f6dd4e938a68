"""kl-poisson-nan-at-zero: torch >=2.4, <2.16. Promised: Of a count that is always 0: the other's rate; from such a
count it is infinite unless both are. Instead: Of a Poisson distribution of rate 0 from any other the divergence is
NaN: 0 times the logarithm of 0; it is the other's rate."""
import numpy as np
import torch

rate = torch.tensor(np.array([0.0], 'float32'))
rate_ = torch.tensor(np.array([1.0], 'float32'))
got = np.ravel(torch.distributions.kl_divergence(torch.distributions.Poisson(rate), torch.distributions.Poisson(rate_)))[0]
expected = 1.0
assert got == expected, f"got {got}, expected {expected}"
