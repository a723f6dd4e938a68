"""celu-exp-minus-one: torch >=2.4, <2.8 against act.celu

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: max(0, x) + min(0, alpha (exp(x / alpha) - 1)).
Instead: The negative side is formed as exp(x) - 1 rather than expm1(x): small results lose their digits.
Upstream: none known.
"""

import sys

import numpy as np
import torch

inf, nan = np.inf, np.nan
x = np.array([-0.001], 'float32')
x = torch.tensor(x).requires_grad_(False)
alpha = 1.0
call = lambda f, x, alpha: f.nn.functional.celu(x, alpha)
got = call(torch, x=x, alpha=alpha)
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array([-0.000999500214], 'float64')
allowed = np.array([3.6e-10], 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('output', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
