"""selu-float32-constants: paddle >=2.6.2, <3.4. Promised: An ELU of fixed alpha, scaled. Instead: The constants are
attributes kept in float32, in float64 too: results are off by 2e-8."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(0.0, 'float64'), stop_gradient=False)
output = paddle.nn.functional.selu(x)
cotangent = paddle.to_tensor(np.array(-2.3250307746388343, 'float64'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[()]
expected = -4.0876350723424
assert abs(got - expected) <= 7.3e-15, f"got {got}, expected {expected}"
