"""cosine-similarity-of-product: paddle >=2.6.2, <3.4. Promised: The product of two vectors, each divided by its
length, of which none is less than eps. Instead: The product of the squared lengths is bounded by eps**2 rather than
each length by eps: two equal vectors of length 1e-6 have a similarity of 1e-4, and right is 1."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-7.81908462356842e-07, -2.5719224061887066e-07, 8.142180518343507e-09], 'float64'))
y = paddle.to_tensor(np.array([-2.756029052993704e-07, 1.0067243153057942e-06, 1.2940638143982072e-06], 'float64'))
got = np.asarray(paddle.nn.CosineSimilarity(0, 0.001)(x, y))[()]
expected = -3.2888937256200164e-08
assert abs(got - expected) <= 6.5e-22, f"got {got}, expected {expected}"
