"""svd-complex-phases-cancel: torch >=2.4.1, <2.16. Promised: The same of a complex matrix. Instead: What belongs to
the phases of singular vectors is multiplied with the singular values on both sides and left to cancel: of a
complex64 matrix of numbers near 1000 the gradient of U V^H has no digit right, of 1000 times smaller ones all."""
import numpy as np
import torch

x = torch.tensor(np.array([[(1024+2048j), (2048-1024j)], [512j, (-1024-256j)]], 'complex64')).requires_grad_()
def _polar(left, values, right):
    return {'values': values, 'polar': left @ right, 'product': left * values.unsqueeze(-2) @ right}
outputs = [_polar(*torch.linalg.svd(x, full_matrices=False))['values'], _polar(*torch.linalg.svd(x, full_matrices=False))['polar']]
cotangents = [torch.tensor(np.array([0.0, 0.0], 'float32')), torch.tensor(np.array([[(1+0j), 0j], [1j, 0j]], 'complex64'))]
got = np.asarray(torch.autograd.grad(outputs, [x], cotangents, allow_unused=True)[0].resolve_conj())[0, 1]
expected = (7.385783e-05-4.619511e-05j)
assert abs(got - expected) <= 2.6e-09, f"got {got}, expected {expected}"
