"""sparse-float32-factor: paddle >=2.6.2, <3.4. Promised: A function of each element, which leaves the others 0.
Instead: deg2rad and rad2deg of float64 elements multiply by a float32 factor: eight right digits."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.5], 'float64'), stop_gradient=False)
at = paddle.to_tensor(np.array([[0], [0]], 'int64'))
def _paddle_applied(f, matrix, name):
    return getattr(f.sparse, 'rad2deg')(matrix)
SHAPE = (3, 4)
def _matrix(f, x, at, rows):
    if f.__name__ == 'torch':
        return f.sparse_coo_tensor(at, x, SHAPE)
    found = f.sparse.sparse_coo_tensor(at, x, list(SHAPE), stop_gradient=False)
    return found
output = _paddle_applied(paddle, _matrix(paddle, x, at, False), 'rad2deg').to_dense()
cotangent = paddle.to_tensor(np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]], 'float64'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = 57.29577951308232
assert abs(got - expected) <= 2.6e-14, f"got {got}, expected {expected}"
