"""svd-complex-phases-cancel: torch >=2.4.1, <2.16. Promised: The same of a complex matrix. Instead: What belongs to
the phases of singular vectors is multiplied with the singular values on both sides and left to cancel: of a
complex64 matrix of numbers near 1000 the gradient of U V^H has no digit right, of 1000 times smaller ones all."""
import numpy as np
import torch

x = torch.tensor(np.array([[(1024+512j), (2048-1024j), (1792-512j)], [512j, (2048+1536j), (2304+512j)], [(2304-1536j), (-2048+768j), (-256+1792j)]], 'complex64')).requires_grad_()
def _polar(left, values, right):
    return {'values': values, 'polar': left @ right, 'product': left * values.unsqueeze(-2) @ right}
outputs = [_polar(*torch.linalg.svd(x, full_matrices=False))['values'], _polar(*torch.linalg.svd(x, full_matrices=False))['polar']]
cotangents = [torch.tensor(np.array([0.0, 0.0, 0.0], 'float32')), torch.tensor(np.array([[(1+0j), 0j, 0j], [1j, 0j, 0j], [0j, 0j, 0j]], 'complex64'))]
got = np.asarray(torch.autograd.grad(outputs, [x], cotangents, allow_unused=True)[0].resolve_conj())[1, 0]
expected = (-0.0001951903+0.0001806414j)
assert abs(got - expected) <= 9.7e-09, f"got {got}, expected {expected}"
