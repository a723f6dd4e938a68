"""assign-columns-rows: paddle >=3.1, <3.4. Promised: A number written to masked columns. Instead: y[:, mask] = 3
writes to the masked rows where y is square, and to the columns elsewhere."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[-0.13210486, 0.64042264], [0.104900114, -0.5356694]], 'float32'), stop_gradient=False)
mask = paddle.to_tensor(np.array([False, True], 'bool'))
y = x.clone()
y[:, mask] = 3
output = y
cotangent = paddle.to_tensor(np.array([[0.36159506, 1.304], [0.94708097, -0.70373523]], 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 1]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
