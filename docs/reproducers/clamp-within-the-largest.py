"""clamp-within-the-largest: paddle >=2.6.2, <3.4. Promised: x within bounds, either of which may lack; the gradient
passes within and at them. Instead: A bound that lacks is the largest number: an infinity beyond it becomes
finite."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-np.inf], 'float32'))
got = np.ravel(paddle.clip(x, *(None, 1.0)))[0]
expected = -np.inf
assert got == expected, f"got {got}, expected {expected}"
