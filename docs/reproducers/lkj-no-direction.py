"""lkj-no-direction: torch >=2.4.1, <2.16. Promised: Each correlation of a matrix drawn by LKJ's law has one law,
wherever it stands and by whichever method. Instead: A row is a vector of normal numbers divided by its length; the
one number of the second row is exactly 0 once in 2^24 draws, and the matrix NaN: one of 16,384 with this seed."""
import torch

torch.manual_seed(1503723181)
drawn = torch.distributions.LKJCholesky(3, 1.0).sample((128, 128))
got, expected = int(drawn.isnan().any(-1).any(-1).sum()), 0
assert got == expected, f"got {got} matrices with NaN of 16384, expected {expected}"
