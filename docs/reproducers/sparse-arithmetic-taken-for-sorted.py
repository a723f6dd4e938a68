"""sparse-arithmetic-taken-for-sorted: paddle >=2.6.2, <3.4. Promised: Sum, difference, product and quotient of two
matrices, which are those of the dense ones. Instead: Coordinates that are not in order are taken for sorted ones,
and elements of one place are not found: 4 for 14 as the sum of 10 and 4."""
import numpy as np
import paddle

one = paddle.to_tensor(np.array([[0, 0], [1, 0]], 'int64'))
one_values = paddle.to_tensor(np.array([10.0, 1.0], 'float32'))
other = paddle.to_tensor(np.array([[0, 0], [0, 1]], 'int64'))
other_values = paddle.to_tensor(np.array([2.0, 4.0], 'float32'))
def _paddle(at, values, shape):
    import paddle
    return paddle.sparse.sparse_coo_tensor(at, values, list((2, 2)), stop_gradient=values.stop_gradient)
x, y = (_paddle(one, one_values, (2, 2)), _paddle(other, other_values, (2, 2)))
if False:
    x, y = (x.to_sparse_csr(), y.to_sparse_csr())
got = np.asarray(getattr(paddle.sparse, 'add')(x, y).to_dense())[0, 0]
expected = 3.0
assert abs(got - expected) <= 1.8e-07, f"got {got}, expected {expected}"
