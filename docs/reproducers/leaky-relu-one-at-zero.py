"""leaky-relu-one-at-zero: paddle >=2.6.2, <3.4 against act.leaky_relu

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: x where positive, a fraction of it elsewhere; the fraction is the gradient at 0.
Instead: The gradient at exactly 0 is that of the positive side, torch's that of the negative; with slope 0, -inf stays.
Upstream: none known.
"""

import sys

import numpy as np
import paddle

inf, nan = np.inf, np.nan
x = np.array(0.0, 'float32')
x = paddle.to_tensor(x, stop_gradient=not True)
slope = 0.01
call = lambda f, x, slope: f.nn.functional.leaky_relu(x, slope)
got = call(paddle, x=x, slope=slope)
got = paddle.grad([got], [x], [paddle.to_tensor(np.array(0.64042264, 'float32'))], allow_unused=True)[0]
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array(0.00640422642, 'float64')
allowed = np.array(1.2e-09, 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('gradient.x', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
