"""celu-exp-of-all: paddle >=2.6.2, <3.4. Promised: max(0, x) + min(0, alpha (exp(x / alpha) - 1)). Instead: The
negative side is formed as exp(x) - 1 rather than expm1(x): celu(-1.3e-7) is off by a tenth. And exp(x / alpha) is
formed of positive x too, where it overflows: the gradient of celu(89) is NaN."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.0, 0.0, -0.0031630015], 'float32'))
got = np.ravel(paddle.nn.functional.celu(x, 1.0))[2]
expected = -0.00315800448
assert abs(got - expected) <= 1.2e-09, f"got {got}, expected {expected}"
