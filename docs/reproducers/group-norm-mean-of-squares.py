"""group-norm-mean-of-squares: torch >=2.4, <2.16. Promised: The mean and variance of each group of channels of each
sample normalize it. Instead: Where channels lie last in memory, the variance is the mean of squares less the square
of the mean: beside a mean of 100 two digits are left of it, and right otherwise."""
import torch

x = 100 + torch.arange(64.0).reshape(1, 4, 4, 4) / 1024
expected = torch.nn.functional.group_norm(x.double(), 2)
got = torch.nn.functional.group_norm(x.contiguous(memory_format=torch.channels_last), 2)
error = float((got - expected).abs().max())
assert error <= 0.01, f"got {got[0, 0, 0]}, expected {expected[0, 0, 0]}"
