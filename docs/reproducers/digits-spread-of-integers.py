"""digits-spread-of-integers: paddle >=3.1, <3.4. Promised: The variance and the deviation of integers are no
integers: a call gives the fraction, or refuses. Instead: The mean of integers is cut off, and so are their variance
and deviation: of 0, 1, 1, 0 the variance is 0 for a third."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0, 1, 1, 0], 'int64'))
got = np.asarray(getattr(paddle, 'var')(x).astype('float64'))[()]
expected = 0.333333333
assert abs(got - expected) <= 3.4e-07, f"got {got}, expected {expected}"
