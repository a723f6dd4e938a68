"""promotion-as-the-tensor: paddle >=2.6.2, <3.0. Promised: A number changes a tensor's dtype only where it is of a
higher kind, to the default dtype of that kind. Instead: A truth value stays one beside a whole number, and a tensor
that is not complex takes the real part of a complex number that is added."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([2.0], 'float32'))
got = x + 1.5j
assert str(got.dtype).endswith('complex64'), f"got {got.dtype}"
