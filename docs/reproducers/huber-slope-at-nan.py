"""huber-slope-at-nan: paddle >=2.6.2, <3.4. Promised: Half the square within delta of the target, and a line of
slope delta beyond. Instead: The gradient where the difference is NaN is that of a large positive one, so that a NaN
target trains the model."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(np.nan, 'float32'), stop_gradient=False)
target = paddle.to_tensor(np.array(0.18008417, 'float32'), stop_gradient=False)
output = paddle.nn.SmoothL1Loss('none', 2.0)(x, target)
cotangent = paddle.to_tensor(np.array(0.8094609, 'float32'))
got = np.asarray(paddle.grad([output], [x, target], [cotangent], allow_unused=True)[1])[()]
assert np.isnan(got), f"got {got}, expected NaN"
