"""auc-of-the-other-curve: paddle >=2.6.2, <3.4. Promised: With curve="PR", the area under the curve of precision and
recall. Instead: That of receiver operating characteristics."""

import numpy as np
from paddle.metric import Auc

score = np.array([0.8, 0.9, 0.1, 0.2, 0.3, 0.4], np.float32)
label = np.array([[1], [0], [0], [0], [0], [0]])
metric = Auc(curve="PR")
metric.update(np.stack([1 - score, score], 1), label)
got = metric.accumulate()
assert got <= 0.5, f"got {got}, expected at most 0.5: the positive comes second, where precision is 1/2"
