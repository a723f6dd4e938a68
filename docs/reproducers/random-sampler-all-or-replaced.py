"""random-sampler-all-or-replaced: paddle >=2.6.2, <3.0. Promised: Without replacement each order of the items is as
likely as any other; with it, items are independent. Instead: RandomSampler takes a number of items without
replacement since paddle 3.0."""
import paddle

try:
    list(iter(paddle.io.RandomSampler(list(range(5)), replacement=False, num_samples=3)))
except Exception as error:
    raise AssertionError(f"got {error}, expected 3 places") from error
