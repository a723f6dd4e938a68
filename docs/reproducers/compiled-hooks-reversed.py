"""compiled-hooks-reversed: torch+compile >=2.12, <2.13. Promised: Gradients of a program's own classes, of results
that are not used, twice; and hooks in their order. Instead: Hooks that a compiled function gives to a tensor of its
own change the gradient in the reverse of their order, and nothing says so. Torch 2.10 and 2.14 keep the order."""
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
