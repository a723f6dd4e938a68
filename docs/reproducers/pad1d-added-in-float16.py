"""pad1d-added-in-float16: torch >=2.4.1, <2.16. Promised: Layers that pad one axis by a constant, a reflection, the
edge, the other end or zeros. Instead: The gradient of an element that was repeated is added up in float16 and each
partial sum rounded, where a wider accumulator would be rounded once: 0.00049 for 0.00073."""
import numpy as np
import torch

x = torch.tensor(np.array([[[-0.2092]]], 'float16')).requires_grad_()
output = getattr(torch.nn, 'Circular' + 'Pad1d')((1, 1), *[])(x)
cotangent = torch.tensor(np.array([[[-0.654, -0.1296, 0.784]]], 'float16'))
got = np.asarray(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0, 0]
expected = 0.000732422
assert abs(got - expected) <= 7e-07, f"got {got}, expected {expected}"
