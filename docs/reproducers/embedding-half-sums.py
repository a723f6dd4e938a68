"""embedding-half-sums: torch >=2.4.1, <2.16. Promised: Rows of a table; the gradient of a row is the sum over its
uses, or their mean, and 0 for the padding row. Instead: The gradients of a row that is looked up several times are
added up in float16, each sum rounded: of 17 uses the result is off by 0.3 %, where one rounding makes 0.05 %."""
import torch

weight = torch.zeros(1, 1, dtype=torch.float16, requires_grad=True)
output = torch.nn.functional.embedding(torch.zeros(1000, dtype=torch.int64), weight)
cotangent = torch.full((1000, 1), 0.1, dtype=torch.float16)
got = torch.autograd.grad(output, weight, cotangent)[0].item()
expected = 1000 * cotangent[0].item()
assert abs(got - expected) <= 0.05, f"got {got}, expected {expected}"
