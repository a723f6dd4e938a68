"""digits-spread-no-kind: paddle >=2.6.2, <3.0. Promised: The variance and the deviation of integers are no
integers: a call gives the fraction, or refuses. Instead: Integers are refused, because the kernel divides by an
integer tensor."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0, 1, 1, 0], 'int64'))
try:
    getattr(paddle, 'var')(x).astype('float64')
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
