"""nms-top-k-ignored: paddle >=2.6.2, <3.4. Promised: The best box removes those of its class that overlap it by
more than a threshold; so does the next. Instead: top_k is looked at only where classes are given too: without them
all boxes that are kept come back."""
import numpy as np
import paddle
from paddle.vision.ops import nms

boxes = paddle.to_tensor(np.array([[0.0, 0.0, 1.0, 1.0], [3.0, 3.0, 4.0, 4.0]], 'float32'))
scores = paddle.to_tensor(np.array([0.5, 0.25], 'float32'))
def call(boxes, scores, threshold, classes, top):
    if None is None:
        return nms(boxes, 0.5, scores, top_k=1)
    return nms(boxes, 0.5, scores, None, [0, 1, 2], 1)
got = call(boxes=boxes, classes=None, scores=scores, threshold=0.5, top=1)
assert tuple(got.shape) == (1,), f"got shape {tuple(got.shape)}"
