"""expand-rounded-sums: paddle >=2.6.2, <3.2. Promised: Axes of length 1 repeated and axes put in front, -1 keeping
a length; the gradient is the sum of the repeats. Instead: In low precision the gradient of what was repeated is
added up in that precision, and each sum is cut off: 5.4375 for 5.4404 in float16."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(-0.9434, 'float16'), stop_gradient=False)
output = x.expand(list((2, 3, 2)))
cotangent = paddle.to_tensor(np.array([[[0.697, 1.314], [0.7954, 1.675], [0.3625, 0.1175]], [[0.4812, 0.2421], [-0.2482, 0.4844], [-0.59, 0.1093]]], 'float16'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])
expected = np.array(5.44043, 'float64')
allowed = np.array(0.0027, 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
