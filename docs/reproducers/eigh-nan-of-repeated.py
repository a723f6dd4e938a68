"""eigh-nan-of-repeated: paddle >=2.6.2, <3.4. Promised: The sum of the cubes of eigenvalues of which some are
equal: its gradient is three times the square. Instead: Where eigenvalues repeat every gradient through eigh is NaN,
that of the eigenvalues alone too, of the unit matrix for example; and as eigvalsh-gradient-of-batches."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[2.0, 0.0], [0.0, 2.0]], 'float32'), stop_gradient=False)
def _values(f, x, how):
    return f.linalg.eigh(x)[0]
def _turned(x):
    return x.mH if hasattr(x, 'mH') else x.transpose([*range(x.ndim - 2), x.ndim - 1, x.ndim - 2]).conj()
output = (_values(paddle, (x + _turned(x)) / 2, 'eigh') ** 3).sum(-1)
cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0]
expected = 12.0
assert abs(got - expected) <= 3.6e-05, f"got {got}, expected {expected}"
