"""precision-half-by-sum: paddle >=2.6.2, <3.4. Promised: Of what scores a half or more the share that is right, and
the share of what is right that does; 0 of none. Instead: A score is rounded by adding 0.5 in float32, so that
0.49999997 counts as positive."""
import numpy as np
from paddle.metric import Precision, Recall

found = {'precision': Precision(), 'recall': Recall()}
for metric in found.values():
    for repeat in range(1 + False):
        if repeat:
            metric.reset()
        for score, label in zip([np.array([0.49999997], 'float32')], [np.array([1], 'int64')], strict=True):
            metric.update(score, label)
got = np.asarray({name: np.float64(metric.accumulate()) for name, metric in found.items()}['precision'])[()]
expected = 0.0
assert abs(got - expected) <= 8.9e-16, f"got {got}, expected {expected}"
