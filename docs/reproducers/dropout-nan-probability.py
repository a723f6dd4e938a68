"""dropout-nan-probability: paddle >=2.6.2, <3.4. Promised: Dropout keeps the shape, and refuses a probability
outside 0..1, NaN among them. Instead: A probability of NaN passes the check of its range; in training every element
becomes NaN."""
import numpy as np
import paddle
from paddle.nn import functional

x = paddle.to_tensor(np.array([1.0, 1.0], 'float32'))
try:
    got = {'shape': np.array(functional.dropout(x, np.nan, training=True).shape, np.int64)}
except Exception:
    got = None
assert got is None, f'not refused (the probability must lie in 0..1): got {got}'
