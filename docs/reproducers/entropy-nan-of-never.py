"""entropy-nan-of-never: paddle >=2.6.2, <3.4. Promised: A choice that is never made adds nothing to the entropy.
Instead: It is NaN: 0 times the logarithm of 0."""

import math

import paddle

law = paddle.distribution.Multinomial(1, paddle.to_tensor([0.0, 0.5, 0.5]))
got, expected = law.entropy().item(), math.log(2)
assert abs(got - expected) < 1e-6, f"got {got}, expected {expected}"
