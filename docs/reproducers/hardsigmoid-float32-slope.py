"""hardsigmoid-float32-slope: paddle >=2.6.2, <3.4. Promised: x / 6 + 1 / 2, within 0 and 1. Instead: The slope is
an attribute kept in float32, in float64 too."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(0.0413259793472436, 'float64'))
got = np.asarray(paddle.nn.functional.hardsigmoid(x, slope=1 / 6))[()]
expected = 0.5068876632245406
assert abs(got - expected) <= 4.6e-16, f"got {got}, expected {expected}"
