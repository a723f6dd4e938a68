"""sparse-to-dense-last-stays: paddle >=2.6.2, <3.4. Promised: Elements of one place add up, when a matrix is made
dense, and when it is coalesced first. Instead: Of elements of one place the last one stays, where torch adds them
up, and coalesce does: 2 for 3."""
import numpy as np
import paddle

at = paddle.to_tensor(np.array([[0, 0], [0, 0]], 'int64'))
values = paddle.to_tensor(np.array([1.0, 2.0], 'float32'))
def _paddle(at, values, shape):
    import paddle
    return paddle.sparse.sparse_coo_tensor(at, values, list((1, 2)), stop_gradient=values.stop_gradient)
found = _paddle(at, values, (1, 2))
coalesced = _paddle(at, values.detach(), (1, 2)).coalesce()
got = np.asarray(found.to_dense())[0, 0]
expected = 3.0
assert abs(got - expected) <= 1.8e-07, f"got {got}, expected {expected}"
