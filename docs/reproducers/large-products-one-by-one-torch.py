"""large-products-one-by-one-torch: torch >=2.4, <2.16. Promised: Sums of a million equal products. Instead: A
product adds in few partial sums: of a million products of 0.6931 by itself a dot is 503781 for 503723, and on
processors that Intel did not make a matmul of two million is 1.3 per cent off."""
import torch

x = torch.full((1048576,), 0.6931)
got, expected = torch.dot(x, x).item(), 1048576 * 0.6931**2
assert abs(got / expected - 1) < 8e-5, f"got {got}, expected {expected}"
