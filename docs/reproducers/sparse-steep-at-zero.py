"""sparse-steep-at-zero: paddle >=2.6.2, <3.4. Promised: Each element within 0 and 6, or a tenth of it where it is
negative. Instead: The gradient of leaky_relu at 0 is 1 for 0.1."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.0], 'float32'), stop_gradient=False)
at = paddle.to_tensor(np.array([[0], [0]], 'int64'))
SHAPE = (3, 4)
def _matrix(f, x, at, rows):
    if f.__name__ == 'torch':
        return f.sparse_coo_tensor(at, x, SHAPE)
    found = f.sparse.sparse_coo_tensor(at, x, list(SHAPE), stop_gradient=False)
    return found
output = paddle.sparse.nn.functional.leaky_relu(_matrix(paddle, x, at, False), 0.1).to_dense()
cotangent = paddle.to_tensor(np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]], 'float32'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = 0.1
assert abs(got - expected) <= 1.8e-08, f"got {got}, expected {expected}"
