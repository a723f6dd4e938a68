"""collate-mixed-float32: torch >=2.4, <2.16. Promised: Numbers and arrays of a batch are put together part by part,
whatever holds them; texts stay as they are. Instead: The first number of a batch decides: floats behind an integer
are rounded to float32, where a batch that begins with a float is float64. Paddle gives float64 either way."""
from torch.utils.data import default_collate

got, expected = default_collate([1, 0.1]), default_collate([0.1, 1])
assert got.dtype == expected.dtype, f"got {got.dtype}, expected {expected.dtype}"
