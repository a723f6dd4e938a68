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
got = np.asarray(paddle.grad(outputs, [x], cotangents, allow_unused=True)[0])[0, 1]
expected = (0.0232830370995289-0.1535514921641904j)
assert abs(got - expected) <= 1.4e-14, f"got {got}, expected {expected}"
