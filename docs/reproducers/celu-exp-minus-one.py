"""celu-exp-minus-one: torch >=2.4, <2.8. Promised: max(0, x) + min(0, alpha (exp(x / alpha) - 1)). Instead: The
negative side is formed as exp(x) - 1 rather than expm1(x): small results lose their digits."""
import numpy as np
import torch

x = torch.tensor(np.array([-0.001], 'float32'))
got = np.ravel(torch.nn.functional.celu(x, 1.0))[0]
expected = -0.000999500214
assert abs(got - expected) <= 3.6e-10, f"got {got}, expected {expected}"
