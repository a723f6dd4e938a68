"""silu-gradient-overflows: paddle >=2.6.2, <3.4. Promised: x sigmoid(x). Instead: The gradient forms x exp(-x),
which overflows where x is below about -84 (float32) or -703 (float64): infinity, and NaN beyond, in place of nearly
0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(-703.7352358069926, 'float64'), stop_gradient=False)
output = paddle.nn.functional.silu(x)
cotangent = paddle.to_tensor(np.array(-1.2654214710460525, 'float64'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[()]
expected = 2.0926533703853553e-303
assert abs(got - expected) <= 4e-305, f"got {got}, expected {expected}"
