"""trace-gradient-wraps: torch >=2.4, <2.12. Promised: The sum of the diagonal, of a matrix of any shape. Instead:
Of a matrix with more rows than columns the gradient goes on below the square: of shape [4, 2] the element [3, 0]
has one."""
import numpy as np
import torch

x = torch.tensor(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]], 'float32')).requires_grad_()
output = torch.trace(x)
cotangent = torch.tensor(np.array(1.0, 'float32'))
got = np.asarray(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[3, 0]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
