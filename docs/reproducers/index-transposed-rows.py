"""index-transposed-rows: paddle >=3.3, <3.4. Promised: Columns of a transposed matrix. Instead: Of a transposed
matrix x.T[:, [2, 0]] gives rows 2 and 0, laid on their side, and not columns: the indices are applied to the first
axis, as they are of every view that is not contiguous. Indices beyond that axis raise an error."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[-0.13210486, 0.64042264]], 'float32'))
first = paddle.to_tensor(np.array([0], 'int64'))
got = x.T[:, first]
assert tuple(got.shape) == (2, 1), f"got shape {tuple(got.shape)}"
