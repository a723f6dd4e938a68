"""lkj-rows-too-long: torch >=2.4.1, <2.16. Promised: Each correlation of a matrix drawn by LKJ's law has one law,
wherever it stands and by whichever method. Instead: From the third row on the squared length is drawn with the
first shape k - 1/2 instead of k / 2: correlations have a variance of 0.30 for 0.25, which log_prob does not say."""
import torch

torch.manual_seed(0)
drawn = torch.distributions.LKJCholesky(3, 1.0).sample((100000,))[:, 2, 0]
got, expected = drawn.var().item(), 0.25
assert abs(got - expected) < 0.01, f"got the variance {got}, expected {expected}"
