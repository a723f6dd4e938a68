"""nms-threshold-double: torch >=2.4, <2.16. Promised: A box that overlaps a better one by exactly the threshold is
kept: only more removes it. Instead: The overlap is rounded to float32 and compared with the threshold in double:
boxes in float32 that overlap by exactly 0.1, 0.2, 0.3, 0.6 or a third are removed at that threshold, although its
page says that more removes them."""
import torch
from torchvision.ops import nms

boxes = torch.tensor([[0.0, 0.0, 10.0, 1.0], [0.0, 0.0, 1.0, 1.0]])
assert nms(boxes, torch.tensor([1.0, 0.5]), 0.1).tolist() == [0, 1]
