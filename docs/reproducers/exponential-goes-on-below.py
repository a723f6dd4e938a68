"""exponential-goes-on-below: paddle >=3.0, <3.4. Promised: Nothing lies below 0: there the density and the
distribution function of an exponential distribution are 0. Instead: Below 0 the formulas go on: the distribution
function of rate 1 is -1.72 at -1 and the density 2.72, for 0."""
import paddle

law = paddle.distribution.Exponential(paddle.to_tensor([1.0]))
got, expected = law.cdf(paddle.to_tensor([-1.0])).item(), 0.0
assert got == expected, f"got {got}, expected {expected}"
