"""beta-halves: paddle >=2.6.2, <3.4. Promised: At concentrations of 0.01 nearly every share is near 0 or 1.
Instead: In float32 a fifth of the draws at concentrations of 0.01 are exactly a half, where a fiftieth lies between
a tenth and nine tenths: a variance of 0.199 for 0.245."""
import paddle

paddle.seed(0)
small = paddle.full([100, 1000], 0.01)
drawn = paddle.distribution.Beta(small, small).sample().numpy()
got, expected = ((drawn > 0.1) & (drawn < 0.9)).mean(), 0.022
halves = (drawn == 0.5).mean()
assert abs(got - expected) < 0.003, f"between 0.1 and 0.9 got {got} ({halves} are 0.5), expected {expected}"
