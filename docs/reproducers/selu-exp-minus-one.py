"""selu-exp-minus-one: torch >=2.4, <2.8 against act.selu

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: An ELU of fixed alpha, scaled.
Instead: As celu-exp-minus-one.
Upstream: none known.
"""

import sys

import numpy as np
import torch

inf, nan = np.inf, np.nan
x = np.array([-0.001], 'float32')
x = torch.tensor(x).requires_grad_(False)
call = lambda f, x: f.nn.functional.selu(x)
got = call(torch, x=x)
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array([-0.001757220668], 'float64')
allowed = np.array([9.5e-10], 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('output', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
