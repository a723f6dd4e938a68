"""tensor-dataset-unequal: torch >=2.10, <2.11. Promised: Weights without a meaning, parts that do not fill a whole,
places outside and options that exclude each other. Instead: TensorDataset takes tensors of unequal length, and is
as long as the first: an item beyond the shortest fails only when it is reached."""
import torch

try:
    got = len(torch.utils.data.TensorDataset(torch.zeros(3), torch.zeros(2)))
except Exception:
    got = None
assert got is None, f"not refused (tensors of unequal length): got a dataset of {got} items"
