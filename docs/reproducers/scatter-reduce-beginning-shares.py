"""scatter-reduce-beginning-shares: torch >=2.4, <2.16. Promised: The largest or smallest of the rows of each group,
0 for one without rows; equal ones share the gradient. Instead: scatter_reduce with amax or amin and
include_self=False halves the gradient where the result equals the number that it was told to leave out: 1 for 2,
where zeros are begun with and the largest is 0."""
import numpy as np
import torch

x = torch.tensor(np.array([[0.0]], 'float32')).requires_grad_()
groups = torch.tensor(np.array([0], 'int64'))
def _wide(f, x, groups):
    return groups.long().reshape(-1, *[1] * (x.ndim - 1)).expand_as(x)
def _empty(f, x, count):
    return f.zeros((1, *x.shape[1:]), dtype=x.dtype)
output = _empty(torch, x, 1).scatter_reduce(0, _wide(torch, x, groups), x, 'amax', include_self=False)
cotangent = torch.tensor(np.array([[2.0]], 'float32'))
got = np.asarray(torch.autograd.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0]
expected = 2.0
assert got == expected, f"got {got}, expected {expected}"
