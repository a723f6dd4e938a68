"""compiled-expanded-fill-added-up: torch+compile >=2.4, <2.16. Promised: What is written into a part of a tensor
that is a view of it is written into the tensor. Instead: A fill of rows that are expanded from one adds up, and
nothing says so: to what was there the compiled function adds the change of each row, so that 1, filled with 7 as
three rows, becomes 1 + 3 * 6 = 19."""
import torch


def filled(x):
    y = x.clone()
    y[:1].expand(3, 2).fill_(7.0)
    return y


x = torch.ones(2, 2)
got, eager = torch.compile(filled, backend="aot_eager")(x).tolist(), filled(x).tolist()
assert got == eager, f"ones, their first row filled with 7: got {got}, expected {eager} as without compile"
