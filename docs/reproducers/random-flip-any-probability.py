"""random-flip-any-probability: torch >=2.4, <2.16. Promised: A size that is none, a rectangle of negative size, an
unknown filter, an impossible probability are refused. Instead: RandomHorizontalFlip takes numbers that are no
probabilities, such as 1.5 or -0.5, for 1 and 0; paddle refuses them. Seen in torchvision 0.19 to 0.29, which belong
to these releases of torch."""
from torchvision.transforms import RandomHorizontalFlip

try:
    got = RandomHorizontalFlip(1.5)
except Exception:
    got = None
assert got is None, f"not refused: {got}"
