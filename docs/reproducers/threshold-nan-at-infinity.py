"""threshold-nan-at-infinity: paddle >=2.6.2, <3.4 against act.threshold

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: x above a threshold, another value elsewhere.
Instead: -inf becomes NaN: it is multiplied with a mask of 0.
Upstream: none known.
"""

import sys

import numpy as np
import paddle

inf, nan = np.inf, np.nan
x = np.array([[[-0.0, -inf], [-0.0, 0.5]], [[0.26445562, 0.5], [0.0, nan]]], 'float32')
x = paddle.to_tensor(np.ascontiguousarray(x.T), stop_gradient=not False).moveaxis((0, 1, 2), (2, 1, 0))
threshold = 0.5
other = 0.0
call = lambda f, x, threshold, other: f.nn.functional.thresholded_relu(x, threshold, other)
got = call(paddle, x=x, threshold=threshold, other=other)
got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')
expected = np.array([[[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, nan]]], 'float64')
allowed = np.array([[[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]], 'float64')
wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))
print('output', 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')
sys.exit(bool(wrong.any()))
