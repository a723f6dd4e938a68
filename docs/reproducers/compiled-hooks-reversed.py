import torch


def doubled(x):
    y = x * 2.0
    y.register_hook(lambda gradient: gradient * 10.0)
    y.register_hook(lambda gradient: gradient + 1.0)
    return y.sum()


x = torch.ones(1, requires_grad=True)
torch.compile(doubled, backend="eager")(x).backward()
got = x.grad.item()
assert got == 22.0, f"gradient of 2 x by hooks * 10, then + 1: got {got}, expected 22.0 as without compile"
