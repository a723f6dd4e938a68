"""sample-2d-gradient-at-edges: paddle >=2.6.2, <3.4. Promised: grid_sample takes an image's values at places in it,
between its pixels and beyond its edges. Instead: A place exactly at the edge has the gradient of inside, in torch
that of outside: none."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[-4.0]]]], 'float32'), stop_gradient=False)
grid = paddle.to_tensor(np.array([[[[0.0, -1.5028669], [0.6824977, 0.0]]]], 'float32'), stop_gradient=False)
output = paddle.nn.functional.grid_sample(x, grid, 'bilinear', 'border', False)
cotangent = paddle.to_tensor(np.array([[[[1.0, 3.0]]]], 'float32'))
got = np.asarray(paddle.grad([output], [x, grid], [cotangent], allow_unused=True)[1])[0, 0, 0, 0]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
