"""silu-gradient-overflows: paddle >=2.6.2, <3.4 against act.silu

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: x sigmoid(x).
Instead: The gradient forms x exp(-x), which overflows where x is below about -84 (float32) or -703 (float64): infinity, and NaN beyond, in place of nearly 0.
Upstream: none known.
"""

import sys

import numpy as np
import paddle

inf, nan = np.inf, np.nan
x = np.array(-703.7352358069926, 'float64')
x = paddle.to_tensor(x, stop_gradient=not True)
call = lambda f, x: f.nn.functional.silu(x)
got = call(paddle, x=x)
got = paddle.grad([got], [x], [paddle.to_tensor(np.array(-1.2654214710460525, 'float64'))], allow_unused=True)[0]
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array(2.0926533703853553e-303, 'float64')
allowed = np.array(7.3924838155e-314, 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('gradient.x', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
