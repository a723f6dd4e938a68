"""entropy-nan-of-never: paddle >=2.6.2, <3.4. Promised: A choice that is never made adds nothing to the entropy, of
one draw from many too. Instead: The entropy of Categorical and Multinomial is NaN, or in float64 infinite, where
one of the choices is never made: 0 times the logarithm of 0."""
import math

import paddle

law = paddle.distribution.Multinomial(1, paddle.to_tensor([0.0, 0.5, 0.5]))
got, expected = law.entropy().item(), math.log(2)
assert abs(got - expected) < 1e-6, f"got {got}, expected {expected}"
