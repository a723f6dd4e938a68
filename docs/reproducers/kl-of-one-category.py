"""kl-of-one-category: torch >=2.4.1, <2.16. Promised: Parameters that no law has, values and pairs of another
shape: each is refused, with the default checks. Instead: kl_divergence repeats the one category, or the one
concentration, of the second law for all of the first: from two equal categories to one it is -0.69, where no
divergence is negative. Other lengths are refused."""
import torch

two, one = (torch.distributions.Categorical(logits=torch.zeros(count)) for count in (2, 1))
try:
    got = torch.distributions.kl_divergence(two, one).item()
except Exception:
    got = "an error"
assert got == "an error", f"got {got}, expected an error"
