"""subtract-sums-in-steps: paddle >=3.0, <3.1.1. Promised: The difference, broadcast. Instead: In bfloat16 the
gradient of what is broadcast is added up in bfloat16: 256, 1 and -256 make 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]], 'float32'), stop_gradient=False).astype('bfloat16')
y = paddle.to_tensor(np.array([[0.25, 0.25]], 'float32'), stop_gradient=False).astype('bfloat16')
output = x - y
cotangent = paddle.to_tensor(np.array([[256.0, 256.0], [1.0, 1.0], [-256.0, -256.0]], 'float32')).astype('bfloat16')
got = np.asarray(paddle.grad([output], [x, y], [cotangent], allow_unused=True)[1].astype("float32"))
expected = np.array([[-1.0, -1.0]], 'float64')
allowed = np.array([[0.0, 0.0]], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
