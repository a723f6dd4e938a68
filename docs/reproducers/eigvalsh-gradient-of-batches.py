"""eigvalsh-gradient-of-batches: paddle >=2.6.2, <3.4. Promised: The eigenvalues alone. Instead: Of a batch of
matrices the gradient mixes the matrices up: -0.52 for 0.79. A single matrix is right."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[-0.9992858, 0.06252926], [0.06252926, -0.6930612]], [[-0.9215484, -0.13935132], [-0.13935132, -0.63956434]]], 'float32'), stop_gradient=False)
def _turned(x):
    return x.mH if hasattr(x, 'mH') else x.transpose([*range(x.ndim - 2), x.ndim - 1, x.ndim - 2]).conj()
output = paddle.linalg.eigvalsh((x + _turned(x)) / 2)
cotangent = paddle.to_tensor(np.array([[-0.6651947, 0.35151008], [0.90347016, 0.0940123]], 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 1, 1]
expected = 0.313777512
assert abs(got - expected) <= 8.9e-07, f"got {got}, expected {expected}"
