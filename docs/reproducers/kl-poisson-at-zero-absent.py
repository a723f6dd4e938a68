"""kl-poisson-at-zero-absent: paddle >=2.6.2, <3.0. Promised: Of a count that is always 0: the other's rate; from
such a count it is infinite unless both are. Instead: Came with 3.0."""
import numpy as np
import paddle

rate = paddle.to_tensor(np.array([0.0], 'float32'))
rate_ = paddle.to_tensor(np.array([1.0], 'float32'))
try:
    paddle.distribution.kl_divergence(paddle.distribution.Poisson(rate), paddle.distribution.Poisson(rate_))
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
