"""broadcast-shape-unknown: paddle >=2.6.2, <3.0. Promised: The shape of two that broadcast with each other, and the
refusal of two that do not. Instead: A length of 0 comes out as -1."""
import numpy as np
import paddle

got = np.ravel(np.array(paddle.broadcast_shape(list((0,)), list((0,))), np.int64))[0]
expected = 0
assert got == expected, f"got {got}, expected {expected}"
