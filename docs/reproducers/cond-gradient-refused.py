"""cond-gradient-refused: torch >=2.4.1, <2.16. Promised: A norm times that of the inverse, by every order. Instead:
By the norms fro, 1, -1, inf and -inf backward raises an error about an in-place operation of its own."""
import numpy as np
import torch

x = torch.tensor(np.array([[0.6908237]], 'float32')).requires_grad_()
try:
    output = torch.linalg.cond(x, 'fro')
    cotangent = torch.tensor(np.array(0.104900114, 'float32'))
    torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
