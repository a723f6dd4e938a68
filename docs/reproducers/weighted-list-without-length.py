"""weighted-list-without-length: paddle >=2.6.2, <3.4. Promised: An item is drawn as often as its weight says, never
where that is 0, and once at most without replacement. Instead: The length of a WeightedRandomSampler is computed
from the shape of its weights, which a list, documented as allowed, has not: len() and list() of the sampler raise,
and so does a DataLoader that asks for its length."""
import paddle

try:
    list(paddle.io.WeightedRandomSampler([0.5, 0.5], 2))
except Exception as error:
    raise AssertionError(f"got {error}, expected two places") from error
