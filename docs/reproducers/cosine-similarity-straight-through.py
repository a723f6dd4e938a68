"""cosine-similarity-straight-through: torch >=2.4, <2.16. Promised: The product of two vectors, each divided by its
length, of which none is less than eps. Instead: A vector shorter than eps is divided by eps, and gets the gradient
of a division by its own length."""
import numpy as np
import torch

x = torch.tensor(np.array([-7.81908462356842e-07, -2.5719224061887066e-07, 8.142180518343507e-09], 'float64')).requires_grad_()
y = torch.tensor(np.array([-2.756029052993704e-07, 1.0067243153057942e-06, 1.2940638143982072e-06], 'float64')).requires_grad_()
output = torch.nn.CosineSimilarity(0, 0.001)(x, y)
cotangent = torch.tensor(np.array(-2.7111624789659685, 'float64'))
got = np.ravel(torch.autograd.grad([output], [x, y], [cotangent], allow_unused=True)[0])[0]
expected = 0.7472042559416642
assert abs(got - expected) <= 8.3e-16, f"got {got}, expected {expected}"
