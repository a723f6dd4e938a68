"""begun-twice: torch >=2.8, <2.16. Promised: A schedule that is begun with last_epoch goes on with the rates that
it would have had. Instead: A schedule that is begun with last_epoch applies the factor of the epoch it begins in
once more: StepLR(1, gamma=0.5) goes on at half of its rate, and ConstantLR at its end with twice the first rate.
CosineAnnealingWarmRestarts takes more restarts than one for one."""
import torch

weight = torch.nn.Parameter(torch.zeros(1))
saved = torch.optim.SGD([weight], lr=1.0)
schedule = torch.optim.lr_scheduler.StepLR(saved, 1, gamma=0.5)
saved.step()
schedule.step()
resumed = torch.optim.SGD([weight], lr=1.0)
resumed.load_state_dict(saved.state_dict())
torch.optim.lr_scheduler.StepLR(resumed, 1, gamma=0.5, last_epoch=0)
got, expected = resumed.param_groups[0]["lr"], saved.param_groups[0]["lr"]
assert got == expected, f"got a rate of {got}, expected {expected}"
