"""auc-of-the-other-curve: paddle >=2.6.2, <3.4. Promised: The area under the curve of precision and recall, however
it is drawn between its points. Instead: Auc(curve='PR') is the area under the curve of receiver operating
characteristics: 0.8 for 0.5 where one of five negatives is above the one positive. Any word is taken."""
import numpy as np
from paddle.metric import Auc

score = np.array([0.8, 0.9, 0.1, 0.2, 0.3, 0.4], np.float32)
label = np.array([[1], [0], [0], [0], [0], [0]])
metric = Auc(curve="PR")
metric.update(np.stack([1 - score, score], 1), label)
got = metric.accumulate()
assert got <= 0.5, f"got {got}, expected at most 0.5: the positive comes second, where precision is 1/2"
