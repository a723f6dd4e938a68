"""inner-one-element-multiplies: paddle >=2.6.2, <3.4. Promised: The products along the last axes. Instead: Where
one side has one element the two are multiplied, and the result has the shape of the other: [2, 1] for [1, 2]."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[1.0]], 'float32'))
y = paddle.to_tensor(np.array([[1.0], [2.0]], 'float32'))
got = paddle.inner(x, y)
assert tuple(got.shape) == (1, 2), f"got shape {tuple(got.shape)}"
