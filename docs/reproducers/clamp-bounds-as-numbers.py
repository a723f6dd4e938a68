"""clamp-bounds-as-numbers: paddle >=3.1, <3.4. Promised: x within bounds that are tensors and have gradients; at a
bound half of it goes to each. Instead: Bounds that are tensors are taken for numbers: they get no gradient."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([2.0], 'float32'), stop_gradient=False)
low = paddle.to_tensor(np.array(0.0, 'float32'), stop_gradient=False)
high = paddle.to_tensor(np.array(1.0, 'float32'), stop_gradient=False)
output = paddle.clip(x, low, high)
cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
got = paddle.grad([output], [x, low, high], [cotangent], allow_unused=True)[1]
assert got is not None, "gradient.low is missing"
