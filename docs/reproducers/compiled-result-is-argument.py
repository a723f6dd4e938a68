"""compiled-result-is-argument: torch+compile=inductor >=2.14, <2.16. Promised: A compiled program writes into its
caller's tensors what the eager one does, and leaves all else as it was. Instead: A program that gives its input
times one, plus zero or over one gives the input's own memory: what is written into the result then stands in the
input. Eagerly, by aot_eager and before 2.14 the result is new memory."""
import torch


def copied(x):
    return x * 1.0


x = torch.ones(2)
torch.compile(copied)(x).add_(1.0)
got = x.tolist()
assert got == [1.0, 1.0], f"what was given, once the result was written: got {got}, expected [1.0, 1.0] as without compile"
