"""nadam-float32-product: torch >=2.4, <2.16. Promised: NAdam moves parameters by the formula. Instead: The product
of the momentum's factors is kept in a float32 tensor even where the parameters are float64, so that a step in
float64 is right to seven digits."""
import torch

weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.NAdam([weight])
weight.sum().backward()
optimizer.step()
got = optimizer.state[weight]["mu_product"].item()
expected = 0.9 * (1 - 0.5 * 0.96**0.004)
assert abs(got - expected) <= 1e-12, f"got {got}, expected {expected}"
