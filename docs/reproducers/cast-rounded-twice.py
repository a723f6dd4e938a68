"""cast-rounded-twice: torch >=2.4, <2.16. Promised: Every dtype into every other: rounded to nearest, integers
wrapped around, what is not 0 true, NaN too. Instead: float64, int32 and int64 are cast to float16 and bfloat16 by
way of float32, and rounded there too: 1 + 2^-8 + 2^-40 is 1.0 in bfloat16, where 1.0078125 is nearer."""
import numpy as np
import torch

x = torch.tensor(np.array([1.0039062500009095], 'float64'))
def call(x, dtype, how):
    named = getattr(torch, 'bfloat16')
    if 'to' == 'type_as':
        return x.type_as(torch.zeros([], dtype=named))
    return x.to(named)
got = np.ravel(call(dtype='bfloat16', how='to', x=x).float())[0]
expected = 1.0078125
assert got == expected, f"got {got}, expected {expected}"
