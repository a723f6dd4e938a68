"""scaler-closure-by-place: torch >=2.4, <2.16. Promised: A step under a scaler refuses a closure, whose gradients
would not be unscaled, however it is given. Instead: GradScaler.step refuses closure=, and takes a closure that is
given by its place: the optimizer calls it and steps on its scaled gradient, so that 1 - 1/8 is 1 - 4/8 under a
scale of 4."""
import torch

weight = torch.nn.Parameter(torch.ones(1))
optimizer = torch.optim.SGD([weight], lr=0.125)
scaler = torch.amp.GradScaler("cpu", init_scale=4.0)


def again():
    optimizer.zero_grad()
    loss = scaler.scale(weight.sum())
    loss.backward()
    return loss


again()
try:
    scaler.step(optimizer, again)
except RuntimeError:
    weight.data.fill_(0.875)
assert weight.item() == 0.875, f"a step of 1/8 on a gradient of 1 leads from 1 to {weight.item()}"
