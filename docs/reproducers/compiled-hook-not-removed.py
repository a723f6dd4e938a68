"""compiled-hook-not-removed: torch+compile >=2.12, <2.16. Promised: Gradients of a program's own classes, of
results that are not used, twice; and hooks in their order. Instead: A compiled function may not remove a gradient
hook that it gave to a tensor of its own: an assertion of the compiler fails. Torch 2.10 still took it."""
import torch


def doubled(x):
    y = x * 2.0
    hook = y.register_hook(lambda gradient: gradient * 10.0)
    hook.remove()
    return y.sum()


x = torch.ones(2, requires_grad=True)
try:
    torch.compile(doubled, backend="eager")(x).backward()
    got = x.grad.tolist()
except Exception as error:
    got = repr(error)
assert got == [2.0, 2.0], f"gradient of a hook removed: got {got[:300]!r}, expected [2.0, 2.0] as without compile"
