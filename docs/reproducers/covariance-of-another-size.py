"""covariance-of-another-size: torch >=2.4.1, <2.16. Promised: Parameters that no law has, values and pairs of
another shape: each is refused, with the default checks. Instead: MultivariateNormal takes a covariance of another
size than its location: the entropy of one of 1 row at 2 places is 3.53. Draws and densities fail, with errors about
products and shapes."""
import torch

try:
    got = torch.distributions.MultivariateNormal(torch.zeros(2), torch.tensor([[4.0]])).entropy().item()
except ValueError:
    got = "an error"
assert got == "an error", f"got the entropy {got}, expected an error"
