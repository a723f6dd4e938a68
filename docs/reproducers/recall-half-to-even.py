"""recall-half-to-even: paddle >=2.6.2, <3.4. Promised: Of what scores a half or more the share that is right, and
the share of what is right that does; 0 of none. Instead: A score of 0.5 counts as positive in Precision and as
negative in Recall, so that the two speak of different predictions."""
import numpy as np
from paddle.metric import Precision, Recall

found = {'precision': Precision(), 'recall': Recall()}
for metric in found.values():
    for repeat in range(1 + False):
        if repeat:
            metric.reset()
        for score, label in zip([np.array([0.5], 'float32')], [np.array([1], 'int64')], strict=True):
            metric.update(score, label)
got = np.asarray({name: np.float64(metric.accumulate()) for name, metric in found.items()}['recall'])[()]
expected = 1.0
assert abs(got - expected) <= 8.9e-16, f"got {got}, expected {expected}"
