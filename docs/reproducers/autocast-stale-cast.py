"""autocast-stale-cast: torch >=2.4, <2.16. Promised: A product within a region is of the weight as it is, whether
it changed in the region or before it. Instead: A trained weight that changes within an autocast region, in place,
by an optimizer's step or by its data, is multiplied as it was before: its cast is kept to the end of the region. A
training loop inside one region computes every loss from the first weights."""
import torch

weight = torch.nn.Parameter(torch.ones(1, 1))
optimizer, losses = torch.optim.SGD([weight], lr=0.25), []
with torch.autocast("cpu", torch.bfloat16):
    for _ in range(3):
        optimizer.zero_grad()
        loss = (torch.ones(1, 1) @ weight).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
assert losses == [1.0, 0.75, 0.5], f"the losses are {losses}, expected [1.0, 0.75, 0.5]"
