"""normalize-unshared: paddle >=2.6.2, <3.4. Promised: x divided by its p-norm along an axis, or by eps where that
is larger. Instead: In the gradient epsilon is added to the norm, rather than the larger of both taken: with epsilon
= 0.001 gradients are off by a thousandth. And as pairwise-distance-unshared."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.0014354518198648298]], 'float64'), stop_gradient=False)
output = paddle.nn.functional.normalize(x, 1.0, 1, 1e-12)
cotangent = paddle.to_tensor(np.array([[-0.040193129221055474]], 'float64'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0]
expected = 0.0
assert abs(got - expected) <= 3.2e-14, f"got {got}, expected {expected}"
