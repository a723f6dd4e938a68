"""nll-sums-in-steps: torch >=2.4, <2.16. Promised: The mean of -x at the labels, each as much as its class weighs,
over any rank; the label to ignore is in none. Instead: In float16 and bfloat16 the losses are added up in the low
precision: every partial sum is rounded."""
import torch

x = torch.full((3000, 1), -0.1, dtype=torch.float16)
got = torch.nn.functional.nll_loss(x, torch.zeros(3000, dtype=torch.int64), reduction="sum").item()
expected = -3000 * x[0, 0].item()
assert abs(got - expected) <= 0.25, f"got {got}, expected {expected}"
