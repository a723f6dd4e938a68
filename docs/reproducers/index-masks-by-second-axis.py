"""index-masks-by-second-axis: torch >=2.4.1, <2.9. Promised: Truth values for one axis or several, with other parts
around them; they may choose nothing. Instead: A slice behind a mask of several axes is taken along the mask's
second axis, not along the axis behind the mask: x[mask, ::2] for a mask of [2, 2] is refused, and where lengths
agree all other columns come back too. So are they written by x[mask, ::2] = 1."""
import torch

x, mask = torch.tensor([[[1.0, 2.0, 3.0]]]), torch.tensor([[True]])
got = x[mask, ::2].tolist()
assert got == [[1.0, 3.0]], f"x[mask, ::2]: got {got}, expected [[1.0, 3.0]]"
