"""transposed1d-added-in-float16: torch >=2.4.1, <2.16 on a processor without AVX512FP16. Promised: The transpose of
a convolution of one axis, with more at the end where several lengths are possible. Instead: Where the processor
does not compute in float16, the CPU kernels round to it more than once: before the bias is added, and after each
sample of the batch in the gradients."""
import torch

x = torch.full((200, 1, 1), 0.1, dtype=torch.float16)
weight = torch.ones(1, 1, 1, dtype=torch.float16, requires_grad=True)
output = torch.nn.functional.conv_transpose1d(x, weight)
got = torch.autograd.grad(output, weight, torch.ones_like(output))[0].item()
expected = 200 * x[0, 0, 0].item()
assert abs(got - expected) <= 0.01, f"got {got}, expected {expected}"
