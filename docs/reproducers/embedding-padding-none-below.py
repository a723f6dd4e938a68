"""embedding-padding-none-below: paddle >=2.6.2, <3.4. Promised: A padding row that the table has not is refused.
Instead: A padding_idx below -rows, up to twice as far, is accepted, and there is no padding row then; torch refuses
it."""
import numpy as np
import paddle

indices = paddle.to_tensor(np.array([0, 0], 'int64'))
weight = paddle.to_tensor(np.array([[0.12573022, -0.13210486]], 'float32'))
try:
    got = paddle.nn.functional.embedding(indices, weight, -2)
except Exception:
    got = None
assert got is None, f'not refused (there is no such row): got {got}'
