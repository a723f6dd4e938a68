"""hardsigmoid-float32-slope: paddle >=2.6.2, <3.4 against act.hardsigmoid

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: x / 6 + 1 / 2, within 0 and 1.
Instead: The slope is an attribute kept in float32, in float64 too.
Upstream: none known.
"""

import sys

import numpy as np
import paddle

inf, nan = np.inf, np.nan
x = np.array(0.0413259793472436, 'float64')
x = paddle.to_tensor(x, stop_gradient=not False)
call = lambda f, x: f.nn.functional.hardsigmoid(x, slope=1 / 6)
got = call(paddle, x=x)
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array(0.5068876632245406, 'float64')
allowed = np.array(4.6e-16, 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('output', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
