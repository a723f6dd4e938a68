"""pool-average3d-small-refused: torch >=2.4.1, <2.16. Promised: The mean of every window of three axes, with the
padding counted or not, or a sum by a given divisor. Instead: A window larger than the image is refused, though the
padding makes room for it; one and two axes take it."""
import numpy as np
import torch

x = torch.tensor(np.array([[[[[2.0]]]]], 'float32')).requires_grad_()
try:
    output = torch.nn.AvgPool3d(**{'kernel_size': (1, 1, 2), 'stride': None, 'padding': (0, 0, 1), 'ceil_mode': False}, count_include_pad=False, divisor_override=None)(x)
    cotangent = torch.tensor(np.array([[[[[1.0]]]]], 'float32'))
    torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
