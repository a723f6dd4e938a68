"""embedding-low-padding: paddle >=2.6.2, <3.4 on cpu. Promised: An embedding adds an axis of its width, and refuses
indices, and a padding index, outside its vocabulary. Instead: A padding index below the vocabulary is not refused
down to -2 times its length: it is counted from the end before its range is checked."""
import numpy as np
import paddle
from paddle.nn import functional

indices = paddle.to_tensor(np.array([1], 'int64'))
weight = paddle.to_tensor(np.array([[1.0], [1.0]], 'float32'))
try:
    got = {'shape': np.array(functional.embedding(indices, weight, -4).shape, np.int64)}
except Exception:
    got = None
assert got is None, f'not refused (the padding index lies outside the vocabulary): got {got}'
