"""gamma-nan-at-infinity: torch >=2.4.1, <2.16. Promised: A value that a law cannot draw is refused or has the
density 0, and the density of NaN is NaN. Instead: log_prob at infinity is NaN where it is -inf: the infinite
logarithm and the infinite value are subtracted. Of concentration 1 it is -inf."""
import torch

law = torch.distributions.Gamma(torch.tensor(2.0), torch.tensor(1.0))
got, expected = law.log_prob(torch.tensor(float("inf"))).item(), float("-inf")
assert got == expected, f"got {got}, expected {expected}"
