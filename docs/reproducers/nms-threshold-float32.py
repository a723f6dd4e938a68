"""nms-threshold-float32: paddle >=2.6.2, <3.4. Promised: A box that overlaps a better one by exactly the threshold
is kept: only more removes it. Instead: The threshold is kept in float32, beside boxes in float64 too: those that
overlap by exactly 0.7 or 0.9 are removed at that threshold."""
import paddle
from paddle.vision.ops import nms

boxes = paddle.to_tensor([[0.0, 0.0, 10.0, 1.0], [0.0, 0.0, 7.0, 1.0]], dtype="float64")
assert nms(boxes, 0.7, paddle.to_tensor([1.0, 0.5], dtype="float64")).tolist() == [0, 1]
