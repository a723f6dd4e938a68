"""elu-exp-minus-one: paddle >=2.6.2, <3.4 against act.elu

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: x where positive, alpha (exp(x) - 1) elsewhere.
Instead: In float64 the negative side is formed as exp(x) - 1 rather than expm1(x), and loses the digits of small arguments.
Upstream: none known.
"""

import sys

import numpy as np
import paddle

inf, nan = np.inf, np.nan
x = np.array([0.0, 1.31510376473437, 0.0, -1.2083186322821715, -0.004454133120083229], 'float64')
x = paddle.to_tensor(x, stop_gradient=not False)
alpha = 1.0
call = lambda f, x, alpha: f.nn.functional.elu(x, alpha)
got = call(paddle, x=x, alpha=alpha)
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array([0.0, 1.31510376473437, 0.0, -0.7013009195531354, -0.004444228180587447], 'float64')
allowed = np.array([8.289047e-317, 5.9e-16, 8.289047e-317, 1.5e-15, 8.9e-18], 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('output', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
