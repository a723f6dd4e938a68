"""pinv-nothing-left-out: paddle >=2.6.2, <3.4. Promised: The pseudoinverse of singular matrices, with the bound of
small singular values left at its default. Instead: By default only singular values below 1e-15 times the largest
are left out, which rounding errors of 0 exceed in float32: of [[3, 3], [12, 12]] it gives -508634 for 0.0098."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[3.0, 3.0], [12.0, 12.0]], 'float32'))
got = np.asarray(paddle.linalg.pinv(x))[0, 1]
expected = 0.0392156863
assert abs(got - expected) <= 4.1e-08, f"got {got}, expected {expected}"
