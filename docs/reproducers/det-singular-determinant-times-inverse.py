"""det-singular-determinant-times-inverse: torch >=2.4.1, <2.16. Promised: The determinant of singular matrices, 0,
and its gradient, the adjugate. Instead: The gradient is the determinant times the inverse, so that of a singular
matrix is 0 or what rounding makes of it: of [[1, 2], [2, 4]] it is zero for [[4, -2], [-2, 1]]."""
import numpy as np
import torch

x = torch.tensor(np.array([[1.0, 2.0], [2.0, 4.0]], 'float32')).requires_grad_()
output = torch.linalg.det(x)
cotangent = torch.tensor(np.array(1.0, 'float32'))
got = np.asarray(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0]
expected = 4.0
assert abs(got - expected) <= 5.1e-06, f"got {got}, expected {expected}"
