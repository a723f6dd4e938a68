"""index-half-sums: torch >=2.4, <2.16. Promised: Tensors or lists of integers, some negative, that broadcast; an
element named twice gets both gradients. Instead: The float16 gradient of an element that is named more than once is
added up in float16, each addition rounded: 0.00098 for 0.00061 where parts cancel."""
import torch

x = torch.zeros(1, dtype=torch.float16, requires_grad=True)
cotangent = torch.full((1000,), 0.1, dtype=torch.float16)
got = torch.autograd.grad(x[[0] * 1000], x, cotangent)[0].item()
expected = 1000 * cotangent[0].item()
assert abs(got - expected) <= 0.05, f"got {got}, expected {expected}"
