"""pinv-gradient-of-decomposition: paddle >=2.6.2, <3.4. Promised: The pseudoinverse of matrices of full rank.
Instead: The gradient goes back through the singular vectors: where singular values are equal, as of a rotation, it
is NaN, although the pseudoinverse has a gradient there."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[-0.25, 0.75], [-0.75, -0.25]], 'float32'), stop_gradient=False)
output = paddle.linalg.pinv(x)
cotangent = paddle.to_tensor(np.array([[-4.0, -1.0], [0.0, 0.0]], 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0]
expected = 1.12
assert abs(got - expected) <= 5.2e-05, f"got {got}, expected {expected}"
