"""softplus-log-of-sum: paddle >=2.6.2, <3.4. Promised: log(1 + exp(beta x)) / beta, and x itself where beta x
exceeds the threshold. Instead: Formed as log(1 + exp(x)) rather than log1p(exp(x)): small results have the rounding
of 1, softplus(-4) is off by 30 units in the last place."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(-4.0, 'float32'))
got = np.asarray(paddle.nn.functional.softplus(x, 1, 20))[()]
expected = 0.01814992792
assert abs(got - expected) <= 7.6e-09, f"got {got}, expected {expected}"
