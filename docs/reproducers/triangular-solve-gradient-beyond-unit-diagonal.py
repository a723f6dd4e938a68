"""triangular-solve-gradient-beyond-unit-diagonal: paddle >=2.6.2, <3.4. Promised: The same of one triangle, which
may be turned, or have ones on its diagonal that are not read. Instead: Of a lower triangle whose diagonal is taken
to be 1 the diagonal and the numbers just above it have a gradient, although neither is read."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[2.1257303]], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([[-0.13210486]], 'float32'), stop_gradient=False)
output = paddle.linalg.triangular_solve(x, y, False, False, True)
cotangent = paddle.to_tensor(np.array([[0.64042264]], 'float32'))
got = np.asarray(paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0])[0, 0]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
