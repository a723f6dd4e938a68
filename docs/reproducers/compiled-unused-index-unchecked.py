"""compiled-unused-index-unchecked: torch+compile >=2.4, <2.16. Promised: An embedding adds an axis of its width,
and refuses indices, and a padding index, outside its vocabulary. Instead: A compiled function leaves out an
embedding of whose rows only the shape is used, and with it the error for an index beyond the vocabulary."""
import torch


def rows(indices):
    return list(torch.nn.functional.embedding(indices, torch.ones(1, 1)).shape)


got = torch.compile(rows, backend="aot_eager")(torch.tensor([1]))
raise AssertionError(f"index 1 of a vocabulary of 1: got rows of shape {got}, expected an IndexError as without compile")
