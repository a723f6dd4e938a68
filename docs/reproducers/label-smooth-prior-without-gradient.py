"""label-smooth-prior-without-gradient: paddle >=2.6.2, <3.4. Promised: A part of each label is taken away and given
to a distribution, which is uniform if none is named. Instead: The distribution that a part of each label is given
to gets no gradient."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[1.0, 0.0]], 'float32'), stop_gradient=False)
prior = paddle.to_tensor(np.array([[0.25, 0.75]], 'float32'), stop_gradient=False)
output = paddle.nn.functional.label_smooth(x, prior, 0.5)
cotangent = paddle.to_tensor(np.array([[1.0, 2.0]], 'float32'))
got = paddle.grad([output], [x, prior], [cotangent], allow_unused=True)[1]
assert got is not None, "gradient.prior is missing"
