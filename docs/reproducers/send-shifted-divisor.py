"""send-shifted-divisor: paddle >=3.0, <3.4. Promised: The row of an edge's source combined with that of its target,
and the gradients of both tables. Instead: A message that divides adds 1e-12 to what it divides by: 1e12 for 1 / 0,
and in float64 thirteen right digits where 1 / 0.1 is asked for."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[1.0]], 'float32'))
source = paddle.to_tensor(np.array([0], 'int64'))
target = paddle.to_tensor(np.array([0], 'int64'))
y = paddle.to_tensor(np.array([[0.0]], 'float32'))
got = np.asarray(paddle.geometric.send_uv(x, y, source, target, 'div'))[0, 0]
expected = np.inf
assert got == expected, f"got {got}, expected {expected}"
