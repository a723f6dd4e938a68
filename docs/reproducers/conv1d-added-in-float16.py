"""conv1d-added-in-float16: torch >=2.4.1, <2.16. Promised: A convolution of one axis, by every padding and padding
mode. Instead: Where padding_mode repeats elements, their gradients are added up in float16; and where the processor
does not compute in float16, results are rounded before the bias is added, and gradients after each sample of the
batch."""
import torch

x = torch.zeros(1, 1, 3, dtype=torch.float16, requires_grad=True)
layer = torch.nn.Conv1d(1, 1, 1, padding=200, padding_mode="replicate", bias=False, dtype=torch.float16)
torch.nn.init.ones_(layer.weight)
output = layer(x)
got = torch.autograd.grad(output, x, torch.full_like(output, 0.1))[0][0, 0, 0].item()
expected = 201 * output.new_tensor(0.1).item()
assert abs(got - expected) <= 0.01, f"got {got}, expected {expected}"
