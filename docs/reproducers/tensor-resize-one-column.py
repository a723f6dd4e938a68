"""tensor-resize-one-column: torch >=2.4, <2.16 on cpu. Promised: Resize of a tensor averages over the pixels that a
smaller picture merges, as it does for an image. Instead: interpolate with antialias=True, and so Resize of a
tensor, to a width of 1 and another height repeats the first row of the result in all rows; channels_last and uint8
tensors are right."""
import torch
from torch.nn.functional import interpolate

x = torch.arange(4.0).reshape(1, 1, 4, 1).expand(1, 1, 4, 4).contiguous()
got = interpolate(x, (2, 1), mode="bilinear", antialias=True)[0, 0, 1, 0].item()
assert abs(got - 16 / 7) <= 1e-5, f"the second row: got {got}, expected {16 / 7}"
