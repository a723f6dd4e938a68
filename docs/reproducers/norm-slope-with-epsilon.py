"""norm-slope-with-epsilon: paddle >=3.0, <3.4. Promised: The norm of a vector of any order; no gradient at 0, ties
share that of an infinite order. Instead: The gradient divides by a power of the norm plus 1e-12: of vectors as
short as that it is wrong, and in float64 of all to 1e-12; of order 0.5 it is NaN at zeros, of an infinite order
each of those equal in size has it whole."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1e-12], 'float32'), stop_gradient=False)
output = paddle.linalg.vector_norm(x, 2.0, None, False) + 0.0 * x.sum()
cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = 1.0
assert abs(got - expected) <= 5.1e-07, f"got {got}, expected {expected}"
