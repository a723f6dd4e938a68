"""affine-grid-of-one: paddle >=2.6.2, <3.4. Promised: affine_grid gives every pixel's place under an affine map.
Instead: With align_corners the coordinates along an axis of one pixel are NaN, torch's are 0."""
import numpy as np
import paddle

theta = paddle.to_tensor(np.array([[[0.12573022, -0.13210486, 0.64042264], [0.104900114, -0.5356694, 0.36159506]]], 'float32'))
got = np.asarray(paddle.nn.functional.affine_grid(theta, list((1, 1, 1, 1)), True))[0, 0, 0, 0]
expected = 0.640422642
assert abs(got - expected) <= 1.2e-07, f"got {got}, expected {expected}"
