"""split-no-fractions: paddle >=2.6.2, <3.0. Promised: A dataset is cut into parts of the given lengths, or
fractions, which share no item and leave none out. Instead: Fractions of a dataset are taken since paddle 3.0."""
import paddle

try:
    paddle.io.random_split(list(range(10)), [0.3, 0.7])
except Exception as error:
    raise AssertionError(f"got {error}, expected parts of 3 and 7 items") from error
