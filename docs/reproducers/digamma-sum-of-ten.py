"""digamma-sum-of-ten: paddle >=2.6.2, <3.4. Promised: The derivative of lgamma; at 0 an infinity of the other sign,
NaN at negative integers. Instead: The float32 gradient ends its sum after ten terms whether or not they have passed
0: at -13.2 the slope is -0.073 for 28.5."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-13.2], 'float32'), stop_gradient=False)
output = paddle.digamma(x)
cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = 28.493938
assert abs(got - expected) <= 0.00084, f"got {got}, expected {expected}"
