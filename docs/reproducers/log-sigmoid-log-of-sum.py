"""log-sigmoid-log-of-sum: paddle >=2.6.2, <3.4 against act.log_sigmoid

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: log(sigmoid(x)), as -log(1 + exp(-x)).
Instead: As softplus-log-of-sum: results near 0 have the rounding of 1, and log_sigmoid(-inf) is NaN.
Upstream: none known.
"""

import sys

import numpy as np
import paddle

inf, nan = np.inf, np.nan
x = np.array([-3.0, 3.0], 'float32')
x = paddle.to_tensor(x, stop_gradient=not False)
call = lambda f, x: f.nn.functional.log_sigmoid(x)
got = call(paddle, x=x)
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array([-3.04858735, -0.0485873516], 'float64')
allowed = np.array([1.1e-06, 1.8e-08], 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('output', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
