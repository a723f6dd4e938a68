"""matrix-rank-int32: paddle >=2.6.2, <3.1. Promised: How many singular values are not 0, but for rounding. Instead:
The rank is an int32."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.0]], 'float32'))
got = paddle.linalg.matrix_rank(x)
assert str(got.dtype).endswith('int64'), f"got {got.dtype}"
