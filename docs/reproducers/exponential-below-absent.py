"""exponential-below-absent: paddle >=2.6.2, <3.0. Promised: Nothing lies below 0: there the density and the
distribution function of an exponential distribution are 0. Instead: Came with 3.0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-1.0], 'float32'))
rate = paddle.to_tensor(np.array([1.0], 'float32'))
try:
    def _of_paddle(f, x, rate, call):
        law = f.distribution.Exponential(rate)
        return law.cdf(x)
    _of_paddle(paddle, x, rate, 'cdf')
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
