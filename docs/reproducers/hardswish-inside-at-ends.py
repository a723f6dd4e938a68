"""hardswish-inside-at-ends: torch >=2.4, <2.8 against act.hardswish

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: x times its hard sigmoid; at -3 and at 3 with the gradient of outside.
Instead: The gradient at exactly 3 is 1.5, and at -3 it is -0.5: that of the parabola within.
Upstream: none known.
"""

import sys

import numpy as np
import torch

inf, nan = np.inf, np.nan
x = np.array([3.0, -3.0], 'float32')
x = torch.tensor(x).requires_grad_(True)
call = lambda f, x: f.nn.functional.hardswish(x)
got = call(torch, x=x)
got = torch.autograd.grad(got, [x], torch.tensor(np.array([1.0, 1.0], 'float32')), allow_unused=True)[0]
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array([1.0, 0.0], 'float64')
allowed = np.array([3.6e-07, 0.0], 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('gradient.x', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
