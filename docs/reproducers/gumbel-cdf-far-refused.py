"""gumbel-cdf-far-refused: torch >=2.4.1, <2.16. Promised: The share of Gumbel's distribution below a value, which
is 0 or 1 far out. Instead: Far out, where the share is nearer to 0 or 1 than a normal number, cdf refuses a value
of its own support."""
import numpy as np
import torch

value = torch.tensor(np.array(-60.0, 'float32')).requires_grad_()
loc = torch.tensor(np.array(0.0, 'float32')).requires_grad_()
scale = torch.tensor(np.array(1.5, 'float32')).requires_grad_()
try:
    output = torch.distributions.Gumbel(loc, scale).cdf(value)
    cotangent = torch.tensor(np.array(1.0, 'float32'))
    torch.autograd.grad([output], [value, loc, scale], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
