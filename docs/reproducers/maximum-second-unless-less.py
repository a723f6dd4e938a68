"""maximum-second-unless-less: paddle >=2.6.2, <3.1. Promised: The larger of two, NaN where one is; of two that are
equal each has half of the gradient. Instead: Of two equal numbers the second has the whole gradient, and a NaN in
the first is passed over, or in the second where that has more axes; in bfloat16 the gradient of what is broadcast
is added up in bfloat16."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([1.0], 'float32'), stop_gradient=False)
output = paddle.maximum(x, y)
cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
got = np.ravel(paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0])[0]
expected = 0.5
assert got == expected, f"got {got}, expected {expected}"
