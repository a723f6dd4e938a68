"""celu-exp-of-all: paddle >=2.6.2, <3.4 against act.celu

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: max(0, x) + min(0, alpha (exp(x / alpha) - 1)).
Instead: The negative side is formed as exp(x) - 1 rather than expm1(x): celu(-1.3e-7) is off by a tenth. And exp(x / alpha) is formed of positive x too, where it overflows: the gradient of celu(89) is NaN.
Upstream: none known.
"""

import sys

import numpy as np
import paddle

inf, nan = np.inf, np.nan
x = np.array([0.0, 0.0, -0.0031630015], 'float32')
x = paddle.to_tensor(x, stop_gradient=not False)
alpha = 1.0
call = lambda f, x, alpha: f.nn.functional.celu(x, alpha)
got = call(paddle, x=x, alpha=alpha)
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array([0.0, 0.0, -0.00315800448], 'float64')
allowed = np.array([1.2e-38, 1.2e-38, 1.2e-09], 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('output', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
