"""eigh-first-cotangent: paddle >=2.6.2, <3.4. Promised: Eigenvalues of Hermitian matrices, and the projections on
their eigenvectors. Instead: Of a batch of matrices the gradient of the eigenvalues of the first matrix is taken for
that of every one: with gradients 0.95 and -0.70 coming back both matrices get 0.95."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.85577774]], [[0.8797114]]], 'float32'), stop_gradient=False)
def _turned(x):
    return x.mH if hasattr(x, 'mH') else x.transpose([*range(x.ndim - 2), x.ndim - 1, x.ndim - 2]).conj()
def _projections(values, vectors):
    weights = values.detach() * 0 + vectors.shape[-1]
    weights = weights.cumsum(-1) / vectors.shape[-1]
    return {'values': values, 'projections': vectors * weights.unsqueeze(-2) @ _turned(vectors)}
outputs = [_projections(*paddle.linalg.eigh((x + _turned(x)) / 2))['values'], _projections(*paddle.linalg.eigh((x + _turned(x)) / 2))['projections']]
cotangents = [paddle.to_tensor(np.array([[0.94708097], [-0.70373523]], 'float32')), paddle.to_tensor(np.array([[[-1.2654215]], [[-0.62327445]]], 'float32'))]
got = np.asarray(paddle.grad(outputs, [x], cotangents, allow_unused=True)[0])[1, 0, 0]
expected = -0.703735232
assert abs(got - expected) <= 3e-07, f"got {got}, expected {expected}"
