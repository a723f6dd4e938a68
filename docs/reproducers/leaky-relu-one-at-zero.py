"""leaky-relu-one-at-zero: paddle >=2.6.2, <3.4. Promised: x where positive, a fraction of it elsewhere; the
fraction is the gradient at 0. Instead: The gradient at exactly 0 is that of the positive side, torch's that of the
negative; with slope 0, -inf stays."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(0.0, 'float32'), stop_gradient=False)
output = paddle.nn.functional.leaky_relu(x, 0.01)
cotangent = paddle.to_tensor(np.array(0.64042264, 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[()]
expected = 0.00640422642
assert abs(got - expected) <= 1.2e-09, f"got {got}, expected {expected}"
