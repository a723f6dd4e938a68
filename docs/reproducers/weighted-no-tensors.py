"""weighted-no-tensors: paddle >=2.6.2, <3.4. Promised: An item is drawn as often as its weight says, never where
that is 0, and once at most without replacement. Instead: A tensor of weights, documented as allowed, is refused
with the words that weights should be a tensor: it is compared with a class that tensors no longer have."""
import paddle

try:
    list(iter(paddle.io.WeightedRandomSampler(paddle.to_tensor([0.5, 0.5]), 2)))
except Exception as error:
    raise AssertionError(f"got {error}, expected two places") from error
