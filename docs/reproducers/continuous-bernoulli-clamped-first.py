"""continuous-bernoulli-clamped-first: torch >=2.4.1, <2.16. Promised: Parameters that no law has, values and pairs
of another shape: each is refused, with the default checks. Instead: ContinuousBernoulli pushes its probabilities
into (0, 1) before they are checked, unless validate_args is given: 1.5 is taken for the largest number below 1."""
import torch

try:
    got = torch.distributions.ContinuousBernoulli(torch.tensor([1.5])).probs.item()
except ValueError:
    got = "an error"
assert got == "an error", f"got the probability {got}, expected an error"
