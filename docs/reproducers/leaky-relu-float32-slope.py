"""leaky-relu-float32-slope: paddle >=2.6.2, <3.3 against act.leaky_relu

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: x where positive, a fraction of it elsewhere; the fraction is the gradient at 0.
Instead: The slope is an attribute kept in float32, in float64 too, and counts at exactly 0 as 1.
Upstream: none known.
"""

import sys

import numpy as np
import paddle

inf, nan = np.inf, np.nan
x = np.array([-0.125], 'float64')
x = paddle.to_tensor(x, stop_gradient=not False)
slope = 0.01
call = lambda f, x, slope: f.nn.functional.leaky_relu(x, slope)
got = call(paddle, x=x, slope=slope)
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array([-0.00125], 'float64')
allowed = np.array([5.6e-19], 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('output', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
