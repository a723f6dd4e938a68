"""pool-max1d-ceiling-ignored: paddle <3. Promised: The largest of every window of one axis, the first of equal
ones, and where it stands. Instead: With return_mask, release 2.6 ignores ceil_mode."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.0, 1.0, 2.0]]], 'float32'))
got = (lambda found: {'output': found[0], 'indices': found[1].astype('int64')})(paddle.nn.MaxPool1D(**{'kernel_size': (2,), 'stride': None, 'padding': (0,), 'ceil_mode': True}, return_mask=True)(x))
assert tuple(got.shape) == (1, 1, 2), f"got shape {tuple(got.shape)}"
