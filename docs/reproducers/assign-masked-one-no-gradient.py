"""assign-masked-one-no-gradient: paddle >=3.1, <3.4. Promised: One element of a tensor written to all that is
masked: its gradient is their sum. Instead: y[mask] = v, with v of one element, gives v the gradient 0 where it is
the sum over what is masked."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-0.13210486], 'float32'), stop_gradient=False)
mask = paddle.to_tensor(np.array([True], 'bool'))
v = paddle.to_tensor(np.array(0.64042264, 'float32'), stop_gradient=False)
y = x.clone()
y[mask] = v
output = y
cotangent = paddle.to_tensor(np.array([0.104900114], 'float32'))
got = np.asarray(paddle.grad([output], [x, v], [cotangent], allow_unused=True)[1])[()]
expected = 0.10490011423826218
assert got == expected, f"got {got}, expected {expected}"
