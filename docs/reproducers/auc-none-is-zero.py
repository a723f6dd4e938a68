"""auc-none-is-zero: paddle >=2.6.2, <3.4. Promised: The area under the curve of receiver operating characteristics,
NaN where one of the classes is missing. Instead: The area is 0 where one of the classes is missing, as of a
classifier that is always wrong, and not NaN."""
import numpy as np
from paddle.metric import Auc

found = Auc()
for repeat in range(1 + False):
    if repeat:
        found.reset()
    for score, label in zip([np.array([0.25], 'float32')], [np.array([1], 'int64')], strict=True):
        found.update(np.stack([1 - score, score], 1), label[:, None])
got = np.asarray(np.float64(found.accumulate()))[()]
assert np.isnan(got), f"got {got}, expected NaN"
