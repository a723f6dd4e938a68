"""lkj-no-direction: torch >=2.4.1, <2.16. Promised: Each correlation has one law. Instead: A normal number of exactly 0,
one in 2^24, is divided by its length, and the matrix is NaN."""

import torch

torch.manual_seed(1503723181)
drawn = torch.distributions.LKJCholesky(3, 1.0).sample((128, 128))
got, expected = int(drawn.isnan().any(-1).any(-1).sum()), 0
assert got == expected, f"got {got} matrices with NaN of 16384, expected {expected}"
