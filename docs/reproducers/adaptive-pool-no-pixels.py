"""adaptive-pool-no-pixels: paddle >=2.6.2, <3.4. Promised: An adaptive pool gives the size asked for, None keeping
a side, and refuses an image without pixels. Instead: An image without pixels is not refused; its averages are
NaN."""
import numpy as np
import paddle
from paddle.nn import functional

x = paddle.to_tensor(np.zeros((1, 1, 0, 1), 'float32'))
try:
    got = {'shape': np.array(functional.adaptive_avg_pool2d(x, [1, 1]).shape, np.int64)}
except Exception:
    got = None
assert got is None, f'not refused (an image needs pixels): got {got}'
