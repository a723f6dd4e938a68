"""instance-norm-gradient-read-in-order: torch >=2.4, <2.16. Promised: The mean and variance of each channel of each
sample normalize it. Instead: Of a batch of one image, an incoming gradient whose channels lie last in memory is
read as if they lay first: the gradients of input, weight and bias are those of another image, and nothing is said.
It is so after a transpose to channels last, or where the next layer works so."""
import numpy as np
import torch

x = torch.tensor(np.array([[[[4.0, 3.0], [1.0, 0.0]], [[2.0, 4.0], [1.0, 4.0]], [[0.0, 2.0], [-4.0, 0.0]]]], 'float32')).requires_grad_()
weight = torch.tensor(np.array([1.6520146, 3.7814665], 'float32')).requires_grad_()
bias = torch.tensor(np.array([1.0, 3.474715], 'float32')).requires_grad_()
output = (lambda y: y.movedim(1, -1))(torch.nn.functional.instance_norm(x.movedim(-1, 1), weight=weight, bias=bias, eps=1e-05))
cotangent = torch.tensor(np.array([[[[0.0, 1.0], [-2.0, 3.0]], [[-3.0, 3.0], [2.0, -2.0]], [[-3.0, -1.0], [-2.0, -4.0]]]], 'float32'))
got = np.ravel(torch.autograd.grad([output], [x, weight, bias], [cotangent], allow_unused=True)[1])[0]
expected = 3.02192984
assert abs(got - expected) <= 7.2e-06, f"got {got}, expected {expected}"
