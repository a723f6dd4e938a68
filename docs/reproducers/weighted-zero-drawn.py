"""weighted-zero-drawn: torch >=2.4, <2.16. Promised: Weights without a meaning, parts that do not fill a whole,
places outside and options that exclude each other. Instead: WeightedRandomSampler without replacement draws items
of weight 0 where fewer have a weight above it than items are asked for; paddle refuses."""
from torch.utils.data import WeightedRandomSampler

try:
    got = list(WeightedRandomSampler([1.0, 0.0, 0.0], 2, replacement=False))
except Exception:
    got = "an error"
assert got == "an error", f"got {got}, expected an error"
