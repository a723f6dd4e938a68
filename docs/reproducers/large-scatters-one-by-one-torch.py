"""large-scatters-one-by-one-torch: torch >=2.4, <2.16. Promised: A million numbers added to one place, in a call or
in the gradient of one. Instead: What is added to one place is added one after another in float32: the gradient of
an embedding's row that is named a million times is 722090 for 726768."""
import torch

table = torch.zeros((1, 1), requires_grad=True)
found = torch.nn.functional.embedding(torch.zeros(1048576, dtype=torch.int64), table)
(gradient,) = torch.autograd.grad(found, table, torch.full((1048576, 1), 0.6931))
got, expected = gradient.item(), 1048576 * 0.6931
assert abs(got / expected - 1) < 1e-4, f"got {got}, expected {expected}"
