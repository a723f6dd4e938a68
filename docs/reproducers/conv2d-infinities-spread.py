"""conv2d-infinities-spread: torch+bf16 >=2.4, <2.16 on a processor with AVX512F. Promised: A 2-D convolution is the
same cross-correlation in both, and so are its gradients. Instead: In bfloat16 a pixel that is infinite makes NaN of
outputs whose window is beside it, and of gradients of weights that never meet it."""
import torch

x = torch.ones(1, 64, 3, 3)
x[0, :, 0, 1] = float("inf")
weight = torch.ones(32, 64, 3, 3, dtype=torch.bfloat16, requires_grad=True)
output = torch.nn.functional.conv2d(x.bfloat16(), weight)
(gradient,) = torch.autograd.grad(output, weight, torch.ones_like(output))
assert not gradient.isnan().any(), f"{int(gradient.isnan().sum())} gradients are NaN"
