"""index-thin-slice: paddle >=3.1.1, <3.4. Promised: A tensor of integers beside a slice of which a step leaves one
element. Instead: Beside a tensor of integers, a slice of which a long step leaves one element gives the elements in
another order: x[:, [0, 0], ::2] of two rows of one is a b a b for a a b b."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[-0.13210486]], [[0.64042264]]], 'float32'))
first = paddle.to_tensor(np.array([0, 0], 'int64'))
got = np.asarray(x[:, first, ::2])[0, 1, 0]
expected = -0.13210485875606537
assert got == expected, f"got {got}, expected {expected}"
