"""hardsigmoid-float32-gradient: torch >=2.4, <2.16 against act.hardsigmoid

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: x / 6 + 1 / 2, within 0 and 1.
Instead: In float64 the gradient is multiplied with 1/6 rounded to float32: it is off by 3e-8.
Upstream: none known.
"""

import sys

import numpy as np
import torch

inf, nan = np.inf, np.nan
x = np.array(0.0413259793472436, 'float64')
x = torch.tensor(x).requires_grad_(True)
call = lambda f, x: f.nn.functional.hardsigmoid(x)
got = call(torch, x=x)
got = torch.autograd.grad(got, [x], torch.tensor(np.array(-1.2459109472530652, 'float64')), allow_unused=True)[0]
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array(-0.2076518245421775, 'float64')
allowed = np.array(1.4e-16, 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('gradient.x', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
