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
