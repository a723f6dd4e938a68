"""lerp-from-the-start: paddle >=2.6.2, <3.4. Promised: x + weight (y - x), with the gradient of all three. Instead:
A weight that is a tensor gets no gradient, and from an infinite start the result is NaN."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([3.0], 'float32'), stop_gradient=False)
weight = paddle.to_tensor(np.array([0.5], 'float32'), stop_gradient=False)
output = paddle.lerp(x, y, weight)
cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
got = paddle.grad([output], [x, y, weight], [cotangent], allow_unused=True)[2]
assert got is not None, "gradient.weight is missing"
