"""positions-block-diag-rows: paddle >=3.0, <3.4. Promised: Matrices one after another on the diagonal, each an
argument. Instead: block_diag takes one list: of block_diag(x, y) the rows of x become blocks, and y is taken for a
name and lost."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.12573022, -0.13210486, 0.64042264, 0.104900114], [-0.5356694, 0.36159506, 1.304, 0.94708097]], 'float32'))
y = paddle.to_tensor(np.array([[-0.70373523, -1.2654215]], 'float32'))
got = paddle.block_diag(x, y)
assert tuple(got.shape) == (3, 6), f"got shape {tuple(got.shape)}"
