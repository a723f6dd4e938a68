"""sample-3d-within-pixels: paddle >=2.6.2, <3.2. Promised: grid_sample of three axes. Instead: With zeros as
padding, a place beyond the outermost pixels' middles is 0, though its nearest pixel is in the image."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[[1.0, 2.0, 3.0, 4.0]]]]], 'float32'))
grid = paddle.to_tensor(np.array([[[[[-0.8, 0.0, 0.0]]]]], 'float32'))
got = np.asarray(paddle.nn.functional.grid_sample(x, grid, 'nearest', 'zeros', False))[0, 0, 0, 0, 0]
expected = 1.0
assert got == expected, f"got {got}, expected {expected}"
