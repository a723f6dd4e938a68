"""normal-vectors-refused: paddle >=3.3, <3.4. Promised: Means and deviations are broadcast with each other.
Instead: normal with a vector of means and deviations ends in a SystemError; other deviations are still reshaped to
the shape of the means."""
import numpy as np
import paddle

mean = paddle.to_tensor(np.array([1.0, 1.0, 1.0], 'float32'))
deviation = paddle.to_tensor(np.array([[1.0], [1.0], [1.0]], 'float32'))
try:
    paddle.zeros_like(paddle.normal(mean, deviation))
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
