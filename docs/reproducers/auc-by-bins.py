"""auc-by-bins: paddle >=2.6.2, <3.4. Promised: The area under the curve of receiver operating characteristics, NaN
where one of the classes is missing. Instead: Scores are counted in 4095 bins of one width, and all of a bin tie:
0.5 for 1 where every score lies below 0.0001, as those of a rare class do."""
import numpy as np
from paddle.metric import Auc

found = Auc()
for repeat in range(1 + False):
    if repeat:
        found.reset()
    for score, label in zip([np.array([2e-05, 5e-05], 'float32')], [np.array([0, 1], 'int64')], strict=True):
        found.update(np.stack([1 - score, score], 1), label[:, None])
got = np.asarray(np.float64(found.accumulate()))[()]
expected = 1.0
assert abs(got - expected) <= 8.9e-16, f"got {got}, expected {expected}"
