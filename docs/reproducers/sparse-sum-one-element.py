"""sparse-sum-one-element: paddle >=2.6.2, <3.4. Promised: The sum over one axis, both or all of a matrix whose
coordinates are in any order. Instead: The sum over all axes has the shape [1], not []."""
import numpy as np
import paddle

at = paddle.to_tensor(np.array([[0], [0]], 'int64'))
values = paddle.to_tensor(np.array([1.0], 'float32'))
def _paddle(at, values, shape):
    import paddle
    return paddle.sparse.sparse_coo_tensor(at, values, list((1, 2)), stop_gradient=values.stop_gradient)
got = paddle.sparse.sum(_paddle(at, values, (1, 2)), None, keepdim=False).to_dense()
assert tuple(got.shape) == (), f"got shape {tuple(got.shape)}"
