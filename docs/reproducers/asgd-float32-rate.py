"""asgd-float32-rate: torch >=2.4, <2.16. Promised: ASGD without averaging is SGD. Instead: The rate of the present
step is kept in a float32 tensor even where the parameters are float64: with a rate of 0.001 every step is off by
5e-8 of itself."""
import torch

weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.ASGD([weight], lr=0.001)
weight.sum().backward()
optimizer.step()
got = weight.item()
assert abs(got + 0.001) <= 1e-15, f"got {got}, expected -0.001"
