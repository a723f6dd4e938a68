"""multinomial-halves-counted: torch >=2.4.1, <2.16. Promised: A value that a law cannot draw is refused or has the
density 0, and the density of NaN is NaN. Instead: The support of Multinomial is described as integers, and its
check takes any numbers: the counts [0.5, 1.5] of 2 have the probability 0.55."""
import torch

law = torch.distributions.Multinomial(2, torch.tensor([0.25, 0.75]))
try:
    got = law.log_prob(torch.tensor([0.5, 1.5])).item()
except ValueError:
    got = "an error"
assert got == "an error", f"got {got}, expected an error"
