"""promotion-floating-and-complex-only: paddle !=3.1.0, >=3.0, <3.4. Promised: Of two dtypes the result has the
wider of one kind, and of two kinds the higher: integers, floating, complex. Instead: By its documentation tensors
of two dtypes go together only where both are floating or one is complex; torch promotes every pair."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([2.0], 'float32'))
y = paddle.to_tensor(np.array([3], 'int64'))
try:
    x + y
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
