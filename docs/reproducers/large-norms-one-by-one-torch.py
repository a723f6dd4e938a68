"""large-norms-one-by-one-torch: torch >=2.4, <2.16. Promised: Norms of a million equal numbers. Instead: Powers are
added one after another, those of order 2 a few at a time: the norm of order 1 of a million times 0.6931 is 722090
for 726768."""
import torch

x = torch.full((1048576,), 0.6931)
got, expected = torch.linalg.vector_norm(x, 1).item(), 1048576 * 0.6931
assert abs(got / expected - 1) < 1e-4, f"got {got}, expected {expected}"
