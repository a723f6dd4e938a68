"""group-norm-from-the-output: paddle >=3.3.1, <3.4. Promised: The mean and variance of each group of channels of
each sample normalize it. Instead: Without a weight the gradient lacks the mean of the incoming gradient. With one,
the normalized input is found again from the output: a channel whose weight is 0 gets no gradient for it and never
learns. And the variance is that of squares less the square of the mean, which loses its digits beside a large
mean."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[2.0, 4.0], [1.0, -1.0], [3.0, -1.0]]], 'float32'), stop_gradient=False)
output = paddle.nn.functional.group_norm(x, 2, 0.1, None, None, 'NLC')
cotangent = paddle.to_tensor(np.array([[[-2.0, -2.0], [1.0, 4.0], [-2.0, 0.0]]], 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0, 0]
expected = -1.1420805
assert abs(got - expected) <= 1.2e-05, f"got {got}, expected {expected}"
