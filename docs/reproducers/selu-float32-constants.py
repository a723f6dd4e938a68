"""selu-float32-constants: paddle >=2.6.2, <3.4 against act.selu

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: An ELU of fixed alpha, scaled.
Instead: The constants are attributes kept in float32, in float64 too: results are off by 2e-8.
Upstream: none known.
"""

import sys

import numpy as np
import paddle

inf, nan = np.inf, np.nan
x = np.array(0.0, 'float64')
x = paddle.to_tensor(x, stop_gradient=not True)
call = lambda f, x: f.nn.functional.selu(x)
got = call(paddle, x=x)
got = paddle.grad([got], [x], [paddle.to_tensor(np.array(-2.3250307746388343, 'float64'))], allow_unused=True)[0]
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array(-4.0876350723424, 'float64')
allowed = np.array(6.4e-15, 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('gradient.x', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
