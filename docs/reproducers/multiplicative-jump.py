"""multiplicative-jump: torch >=2.4, <2.16. Promised: The rate is multiplied by a function of the epoch at every
epoch. Instead: MultiplicativeLR.step(epoch) multiplies the present rate by the factor of that epoch alone, where
paddle multiplies the factors of all epochs until then."""
import torch

optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
scheduler = torch.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
scheduler.step(3)
got = scheduler.get_last_lr()[0]
assert got == 0.125, f"got a rate of {got}, expected 0.125"
