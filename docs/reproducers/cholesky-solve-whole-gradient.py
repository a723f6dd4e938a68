"""cholesky-solve-whole-gradient: torch >=2.4.1, <2.16. Promised: The solution for the matrix whose Cholesky factor
is given in one triangle. Instead: The gradient of the factor is not cut to the triangle that is read, and is formed
with whatever stands in the other one: [0, 0.0084] for [0, 0] in a row that nobody reads."""
import numpy as np
import torch

x = torch.tensor(np.array([[2.1257303, -0.13210486], [0.0, 2.1049001]], 'float32')).requires_grad_()
y = torch.tensor(np.array([[-0.5356694], [0.36159506]], 'float32')).requires_grad_()
output = torch.cholesky_solve(y, x, True)
cotangent = torch.tensor(np.array([[1.304], [0.94708097]], 'float32'))
got = np.asarray(torch.autograd.grad([output], [x, y], [cotangent], allow_unused=True)[0])[1, 0]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
