"""large-statistics-rows-one-by-one: torch >=2.4, <2.16. Promised: Half a million numbers of each channel around a
large mean, normalized by their own mean and variance. Instead: Batch norm of rows adds up their mean one row after
another: of N(100, 1) in two million rows the variance is 2.7."""
import torch

x = 10000 + torch.randn((524288, 2), generator=torch.Generator().manual_seed(0))
got = torch.nn.functional.batch_norm(x, None, None, training=True).std(0).tolist()
assert all(abs(each - 1) < 1e-2 for each in got), f"got standard deviations {got}, expected 1"
