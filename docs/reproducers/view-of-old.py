"""view-of-old: paddle >=2.6.2, <3.0. Promised: The elements in row-major order under another shape, in which one -1
is found; by function, method and view. Instead: A view has no gradient, as its kernel is missing, and takes no -1
for a length."""
import numpy as np
import paddle

x = paddle.to_tensor(np.zeros((0,), 'float32'), stop_gradient=False)
try:
    output = x.contiguous().view(list((0,)))
    cotangent = paddle.to_tensor(np.zeros((0,), 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
