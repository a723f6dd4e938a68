"""sample-2d-half-away: paddle >=2.6.2, <3.2. Promised: grid_sample takes an image's values at places in it, between
its pixels and beyond its edges. Instead: Halfway between two pixels the nearest is the one further from the first,
torch's is the even one."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[1.0, 2.0, 3.0, 4.0]]]], 'float32'))
grid = paddle.to_tensor(np.array([[[[-0.5, 0.0]]]], 'float32'))
got = np.asarray(paddle.nn.functional.grid_sample(x, grid, 'nearest', 'zeros', False))[0, 0, 0, 0]
expected = 1.0
assert got == expected, f"got {got}, expected {expected}"
