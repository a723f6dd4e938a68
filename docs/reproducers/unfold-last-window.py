"""unfold-last-window: paddle >=2.6.2, <3.4. Promised: Windows along an axis, as a last axis; the gradient of an
element is the sum over its windows. Instead: The gradient of an element that lies in several windows is that of the
last of them, not the sum: 1.304 for 1.666."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-0.13210486, 0.64042264, 0.104900114], 'float32'), stop_gradient=False)
output = x.unfold(0, 2, 1)
cotangent = paddle.to_tensor(np.array([[-0.5356694, 0.36159506], [1.304, 0.94708097]], 'float32'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[1]
expected = 1.665595084
assert abs(got - expected) <= 2e-07, f"got {got}, expected {expected}"
