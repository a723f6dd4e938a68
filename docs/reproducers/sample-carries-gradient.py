"""sample-carries-gradient: paddle >=2.6.2, <3.4. Promised: What sample draws carries no gradient to the parameters;
what rsample draws does. Instead: What sample of Normal, LogNormal and Uniform draws carries a gradient to the
parameters, as if it were rsample."""
import numpy as np
import paddle

paddle.seed(0)
low = paddle.to_tensor([0.0, 1.0], stop_gradient=False)
got = np.asarray(not getattr(paddle.distribution, 'Normal')(low, low + 2.0).sample([3]).stop_gradient)[()]
expected = False
assert got == expected, f"got {got}, expected {expected}"
