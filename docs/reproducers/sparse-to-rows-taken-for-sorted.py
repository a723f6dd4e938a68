"""sparse-to-rows-taken-for-sorted: paddle >=2.6.2, <3.4. Promised: Coordinates as compressed rows: where each row
begins, its columns in order, and its values. Instead: Coordinates whose rows are not in order become rows that hold
other elements: to_sparse_csr does not sort them."""
import numpy as np
import paddle

at = paddle.to_tensor(np.array([[1, 0], [0, 0]], 'int64'))
values = paddle.to_tensor(np.array([1.0, 2.0], 'float32'))
def _paddle(at, values, shape):
    import paddle
    return paddle.sparse.sparse_coo_tensor(at, values, list((2, 2)), stop_gradient=values.stop_gradient)
found = _paddle(at, values, (2, 2)).to_sparse_csr()
got = np.ravel(found.values())[1]
expected = 1.0
assert got == expected, f"got {got}, expected {expected}"
