import torch

dtypes = []
for inner in (2, 1):
    with torch.autocast("cpu", torch.bfloat16):
        dtypes.append(torch.einsum("ij,jk->ik", torch.ones(2, inner), torch.ones(inner, 3)).dtype)
assert dtypes[0] == dtypes[1], f"of sums over two elements and over one the dtypes are {dtypes}"
