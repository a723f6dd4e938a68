"""softplus-log-of-sum: paddle >=2.6.2, <3.4 against act.softplus

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: log(1 + exp(beta x)) / beta, and x itself where beta x exceeds the threshold.
Instead: Formed as log(1 + exp(x)) rather than log1p(exp(x)): small results have the rounding of 1, softplus(-4) is off by 30 units in the last place.
Upstream: none known.
"""

import sys

import numpy as np
import paddle

inf, nan = np.inf, np.nan
x = np.array(-4.0, 'float32')
x = paddle.to_tensor(x, stop_gradient=not False)
beta = 1
threshold = 20
call = lambda f, x, beta, threshold: f.nn.functional.softplus(x, beta, threshold)
got = call(paddle, x=x, beta=beta, threshold=threshold)
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array(0.01814992792, 'float64')
allowed = np.array(7.6e-09, 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('output', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
