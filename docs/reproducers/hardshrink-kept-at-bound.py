"""hardshrink-kept-at-bound: paddle >=3.1.1, <3.4 against act.hardshrink

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: x outside of a bound, and 0 within it.
Instead: A number equal to the threshold in size is kept, with its gradient; the documentation says that it becomes 0.
Upstream: none known.
"""

import sys

import numpy as np
import paddle

inf, nan = np.inf, np.nan
x = np.array(0.5, 'float32')
x = paddle.to_tensor(x, stop_gradient=not False)
bound = 0.5
call = lambda f, x, bound: f.nn.functional.hardshrink(x, bound)
got = call(paddle, x=x, bound=bound)
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array(0.0, 'float64')
allowed = np.array(0.0, 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('output', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
