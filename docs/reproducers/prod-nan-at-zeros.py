"""prod-nan-at-zeros: paddle >=2.6.2, <3.4. Promised: The product; at one zero the gradient there is the product of
the others, at two zeros none has any. Instead: The gradient is the product divided by the element: NaN where that
is 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.0, 3.0], 'float32'), stop_gradient=False)
output = paddle.prod(x)
cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = 3.0
assert got == expected, f"got {got}, expected {expected}"
