"""autocast-einsum-by-size: torch >=2.4, <2.7. Promised: A product that forwards to the calls of the list is cast
whatever the sizes of its axes. Instead: Under autocast torch.einsum of a sum over one element multiplies in float32
and is not cast, where any other size gives the lower format: the dtype of a layer's result depends on the size of
an axis."""
import torch

dtypes = []
for inner in (2, 1):
    with torch.autocast("cpu", torch.bfloat16):
        dtypes.append(torch.einsum("ij,jk->ik", torch.ones(2, inner), torch.ones(inner, 3)).dtype)
assert dtypes[0] == dtypes[1], f"of sums over two elements and over one the dtypes are {dtypes}"
