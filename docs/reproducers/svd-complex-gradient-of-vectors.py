"""svd-complex-gradient-of-vectors: paddle >=3.1, <3.4. Promised: The same of a complex matrix. Instead: The
gradient that goes back through the singular vectors of a complex matrix is not that of the call, even of U V^H: no
conjugate is taken on the way."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[(1+1j), (2+0j)], [(0.5+0j), (-1-1j)]], 'complex128'), stop_gradient=False)
def _polar(left, values, right):
    return {'values': values, 'polar': left @ right, 'product': left * values.unsqueeze(-2) @ right}
outputs = [_polar(*paddle.linalg.svd(x, full_matrices=False))['values'], _polar(*paddle.linalg.svd(x, full_matrices=False))['polar']]
cotangents = [paddle.to_tensor(np.array([0.0, 0.0], 'float64')), paddle.to_tensor(np.array([[(1+0j), 0j], [1j, 0j]], 'complex128'))]
got = np.asarray(paddle.grad(outputs, [x], cotangents, allow_unused=True)[0])
expected = np.array([[(0.042137619819381494-0.05650387346484769j), (0.023283037099528937-0.15355149216419056j)], [(-0.22723369023968876+0.16768432582409487j), (0.11284297988106425-0.1942600044473163j)]], 'complex128')
allowed = np.array([[1.7240694091557783e-14, 1.3507202560526753e-14], [2.172913901269443e-14, 1.62163413539188e-14]], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
