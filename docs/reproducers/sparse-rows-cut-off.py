"""sparse-rows-cut-off: paddle >=2.6.2, <3.4. Promised: A function of each element, which leaves the others 0.
Instead: No gradient goes back through to_sparse_csr: the values that a matrix was made of get none, and nothing
says so."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.5], 'float32'), stop_gradient=False)
at = paddle.to_tensor(np.array([[0], [0]], 'int64'))
def _paddle_applied(f, matrix, name):
    return getattr(f.sparse, 'sin')(matrix)
SHAPE = (3, 4)
def _matrix(f, x, at, rows):
    if f.__name__ == 'torch':
        return f.sparse_coo_tensor(at, x, SHAPE)
    found = f.sparse.sparse_coo_tensor(at, x, list(SHAPE), stop_gradient=False)
    return found.to_sparse_csr()
output = _paddle_applied(paddle, _matrix(paddle, x, at, True), 'sin').to_dense()
cotangent = paddle.to_tensor(np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]], 'float32'))
got = paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
assert got is not None, "gradient.x is missing"
