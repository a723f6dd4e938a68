"""mish-log-of-sum: paddle >=2.6.2, <3.4 against act.mish

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: x tanh(softplus(x)).
Instead: As softplus-log-of-sum, within mish.
Upstream: none known.
"""

import sys

import numpy as np
import paddle

inf, nan = np.inf, np.nan
x = np.array(-4.0, 'float32')
x = paddle.to_tensor(x, stop_gradient=not False)
call = lambda f, x: f.nn.functional.mish(x)
got = call(paddle, x=x)
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array(-0.0725917408, 'float64')
allowed = np.array(6.1e-08, 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('output', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
