"""hardsigmoid-float32-gradient: torch >=2.4, <2.16. Promised: x / 6 + 1 / 2, within 0 and 1. Instead: In float64
the gradient is multiplied with 1/6 rounded to float32: it is off by 3e-8."""
import numpy as np
import torch

x = torch.tensor(np.array(0.0413259793472436, 'float64')).requires_grad_()
output = torch.nn.functional.hardsigmoid(x)
cotangent = torch.tensor(np.array(-1.2459109472530652, 'float64'))
got = np.asarray(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[()]
expected = -0.2076518245421775
assert abs(got - expected) <= 1.4e-16, f"got {got}, expected {expected}"
