"""split-negative-length: torch >=2.4, <2.16. Promised: Weights without a meaning, parts that do not fill a whole,
places outside and options that exclude each other. Instead: random_split takes a negative length where the sum is
right: a part of length -1 gets nine of ten items, one of which is in the other part too."""
from torch.utils.data import random_split

try:
    got = [len(part) for part in random_split(range(10), [-1, 11])]
except Exception:
    got = "an error"
assert got == "an error", f"got parts of {got} items, expected an error"
