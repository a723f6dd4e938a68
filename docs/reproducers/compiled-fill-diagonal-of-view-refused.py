"""compiled-fill-diagonal-of-view-refused: torch+compile >=2.4, <2.16. Promised: A method that changes a view in
place changes the tensor, and its gradient. Instead: fill_diagonal_ of a view, of rows or of columns or transposed,
is refused once it is compiled: it takes the diagonal by as_strided, which a compiled function may not call on a
view that it writes to."""
import torch


def filled(x):
    y = x.clone()
    y[1:].fill_diagonal_(3.0)
    return y


x = torch.ones(3, 2)
try:
    got = torch.compile(filled, backend="aot_eager")(x).tolist()
except RuntimeError as error:
    got = str(error)
assert got == filled(x).tolist(), f"rows with 3 on their diagonal: got {got[:300]!r}, expected them as without compile"
