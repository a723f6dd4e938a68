"""multinomial-rare-never-paddle: paddle >=2.6.2, <3.4. Promised: With replacement, millions of places that share a
tenth of the weight are drawn once in ten times. Instead: A tenth of the weight that four million places share is
never drawn: shares are added up in float32, where each is lost beside 0.9."""
import numpy as np
import paddle

RARE = 4000000
paddle.seed(0)
weights = paddle.full([RARE + 1], (1 - 0.9) / RARE)
weights[0] = 0.9
got = np.asarray(int((paddle.multinomial(weights, 4000, replacement=True) > 0).sum()))[()]
expected = 400.0
assert abs(got - expected) <= 1.6e+02, f"got {got}, expected {expected}"
