"""optimizer-state-product-cast: torch >=2.4, <2.16. Promised: An optimizer, its parameters and its schedule go on
from their saved state_dict as if they had never stopped. Instead: load_state_dict casts the state to the
parameters' dtype, and with it the product that NAdam keeps in float32: of float64 parameters a resumed run differs
from the run without a stop. See nadam-float32-product."""
import torch

weight = torch.zeros(1, dtype=torch.float64, requires_grad=True)
stopped, resumed = (torch.optim.NAdam([weight]) for _ in range(2))
weight.sum().backward()
stopped.step()
resumed.load_state_dict(stopped.state_dict())
expected, got = (each.state[weight]["mu_product"].dtype for each in (stopped, resumed))
assert got == expected, f"got {got}, expected {expected}"
