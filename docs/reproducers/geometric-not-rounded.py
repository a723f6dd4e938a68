"""geometric-not-rounded: paddle >=2.6.2, <3.4. Promised: How many truth values are drawn up to the first that is
true: a whole number, at least 1. Instead: geometric_ gives log(u) / log(1 - p) as it is: 2.4e-5 or 0.73 where the
count of trials is 1."""
import paddle

paddle.seed(0)
drawn = paddle.empty([1000]).geometric_(0.125).numpy()
got = drawn[(drawn < 1) | (drawn != drawn.round())]
assert len(got) == 0, f"got {got[:4].tolist()} and {len(got)} such numbers of 1000, expected whole numbers, at least 1"
