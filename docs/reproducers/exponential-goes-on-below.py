"""exponential-goes-on-below: paddle >=3.0, <3.4. Promised: Nothing lies below 0: there the density and the distribution
function of an exponential distribution are 0. Instead: Below 0 the formulas go on."""

import paddle

law = paddle.distribution.Exponential(paddle.to_tensor([1.0]))
got, expected = law.cdf(paddle.to_tensor([-1.0])).item(), 0.0
assert got == expected, f"got {got}, expected {expected}"
