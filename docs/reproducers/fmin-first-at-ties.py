"""fmin-first-at-ties: paddle >=2.6.2, <3.4. Promised: The smaller of two, the other where one is NaN; of two that
are equal each has half of the gradient. Instead: Of two equal numbers the first has the whole gradient; those of
maximum and minimum share it."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([1.0], 'float32'), stop_gradient=False)
output = paddle.fmin(x, y)
cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
got = np.ravel(paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0])[0]
expected = 0.5
assert got == expected, f"got {got}, expected {expected}"
