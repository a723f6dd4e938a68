"""assign-columns-rows: paddle >=3.1, <3.4. Promised: A number written to masked columns. Instead: y[:, mask] = 3
writes to the masked rows where y is square, and to the columns elsewhere."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[-0.13210486, 0.64042264], [0.104900114, -0.5356694]], 'float32'))
mask = paddle.to_tensor(np.array([False, True], 'bool'))
y = x.clone()
y[:, mask] = 3
got = np.asarray(y)[1, 0]
expected = 0.10490011423826218
assert got == expected, f"got {got}, expected {expected}"
