"""threshold-other-ignored: paddle >=2.6.2, <3.0 against act.threshold

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: x above a threshold, another value elsewhere.
Instead: thresholded_relu has no argument for the other value yet: its place is that of a name, and the value is 0.
Upstream: none known.
"""

import sys

import numpy as np
import paddle

inf, nan = np.inf, np.nan
x = np.array([0.25, 1.0], 'float32')
x = paddle.to_tensor(x, stop_gradient=not False)
threshold = 0.5
other = 7.0
call = lambda f, x, threshold, other: f.nn.functional.thresholded_relu(x, threshold, other)
got = call(paddle, x=x, threshold=threshold, other=other)
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array([7.0, 1.0], 'float64')
allowed = np.array([0.0, 0.0], 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('output', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
