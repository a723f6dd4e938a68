"""prod-complex-without-conjugate: paddle >=2.6.2, <3.4. Promised: The product of complex numbers, whose gradient is
the conjugate product of the others, also where one is 0. Instead: The gradient of a product of complex numbers is
the product divided by the number, and the conjugate is not taken: -0.30 - 0.30i for 0.16 + 0.39i. At 0 it is NaN,
as prod-nan-at-zeros."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([(0.1257302165031433+0.6404226422309875j), (-0.13210485875606537+0.10490011423826218j)], 'complex64'), stop_gradient=False)
output = paddle.prod(x, -1)
cotangent = paddle.to_tensor(np.array((-0.5356693863868713+0.3615950644016266j), 'complex64'))
got = np.ravel(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0]
expected = (0.108695892+0.008423315j)
assert abs(got - expected) <= 1.8e-07, f"got {got}, expected {expected}"
