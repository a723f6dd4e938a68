"""compiled-affine-grid-of-one-refused: torch+compile >=2.4, <2.16. Promised: affine_grid gives every pixel's place
under an affine map. Instead: An affine grid with an axis of one pixel, which the eager call takes, is refused once
it is compiled with its gradient: the coordinate of the one pixel is made as a number that the compiler has no
memory for."""
import torch


def grid(theta):
    return torch.nn.functional.affine_grid(theta, [1, 1, 1, 1], align_corners=False)


theta = torch.ones(1, 2, 3, requires_grad=True)
try:
    got = torch.compile(grid, backend="aot_eager")(theta).tolist()
except RuntimeError as error:
    got = str(error)
assert got == grid(theta).tolist(), f"place of one pixel: got {got[:300]!r}, expected [[[[1.0, 1.0]]]] as without compile"
