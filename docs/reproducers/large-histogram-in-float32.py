"""large-histogram-in-float32: torch >=2.4, <2.16. Promised: A million ones counted, in a histogram 2^24 and eight,
and sums of small integers, which int64 holds. Instead: A histogram counts in float32 and stops at 2^24."""
import torch

got = torch.histc(torch.ones(2**24 + 8), 4, 0, 4)[1].item()
assert got == 2**24 + 8, f"got {got:.0f}, expected {2**24 + 8}"
