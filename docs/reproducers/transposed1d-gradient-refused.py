"""transposed1d-gradient-refused: torch >=2.4.1, <2.16 on a processor without AVX512FP16. Promised: The transpose of
a convolution of one axis, with more at the end where several lengths are possible. Instead: In float16 the gradient
of a weight that lies transposed in memory is refused: grad_weight needs to be contiguous."""
import torch

x = torch.ones(3, 1, 2, dtype=torch.float16).permute(2, 1, 0)
x = x.moveaxis(1, -1).contiguous().moveaxis(-1, 1)
weight = torch.ones(2, 17, 1, dtype=torch.float16).permute(2, 1, 0).requires_grad_()
output = torch.nn.functional.conv_transpose1d(x, weight)
try:
    torch.autograd.grad(output, weight, torch.ones_like(output))
except RuntimeError as error:
    raise AssertionError(f"got {error}, expected a gradient") from error
