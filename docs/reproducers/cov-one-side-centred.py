"""cov-one-side-centred: paddle >=2.6.2, <3.4. Promised: The covariances of rows. Instead: Distances from the mean
are multiplied with the numbers themselves, not with their distances, so that the rounding of the mean counts times
the mean: of nine numbers around 1000 the variance is 0.52 for 0.43, and the matrix is not symmetric."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[1000.1, 1000.3, 999.7]], 'float32'))
got = np.asarray(paddle.linalg.cov(x, ddof=True).reshape([x.shape[0], x.shape[0]]))
expected = np.array([[0.093324]], 'float64')
allowed = np.array([[0.00036]], 'float64')
assert (abs(got - expected) <= allowed).all(), f"got {got}, expected {expected}"
