"""softshrink-zero-for-nan: torch >=2.4, <2.6 against act.softshrink

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: x moved towards 0 by a bound, and 0 within it.
Instead: A NaN becomes 0.
Upstream: none known.
"""

import sys

import numpy as np
import torch

inf, nan = np.inf, np.nan
x = np.array([nan, 1.0], 'float32')
x = torch.tensor(x).requires_grad_(False)
bound = 0.5
call = lambda f, x, bound: f.nn.functional.softshrink(x, bound)
got = call(torch, x=x, bound=bound)
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array([nan, 0.5], 'float64')
allowed = np.array([0.0, 0.0], 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('output', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
