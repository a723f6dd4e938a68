"""large-pools-some-one-by-one: torch >=2.4, <2.16. Promised: The average of a million equal pixels. Instead:
Windows are added up one pixel after another, in adaptive pools they are not: the average of 6000 by 6000 ones is
0.466."""
import torch

got = torch.nn.functional.avg_pool2d(torch.full((1, 1, 1024, 1024), 0.6931), 1024).item()
assert abs(got - 0.6931) < 1e-4, f"got {got}, expected 0.6931"
