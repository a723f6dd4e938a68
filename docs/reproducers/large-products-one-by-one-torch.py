"""large-products-one-by-one-torch: torch >=2.4, <2.16. Promised: Sums of a million equal products. Instead: A
product of matrices adds along the axis between them in few partial sums: of half a million products of 0.6931 by
itself the sum is 252344 for 251861, of two million 1.3 per cent off."""
import torch

x = torch.full((2, 524288), 0.6931)
got, expected = torch.matmul(x, x.T.contiguous())[0, 0].item(), 524288 * 0.6931**2
assert abs(got / expected - 1) < 1e-4, f"got {got}, expected {expected}"
