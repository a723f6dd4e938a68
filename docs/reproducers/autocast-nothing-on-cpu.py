"""autocast-nothing-on-cpu: paddle >=2.6.2, <3.4 on cpu. Promised: Within a region of bfloat16 a product of matrices
is of that dtype, and an exponential stays float32. Instead: On a CPU auto_cast does nothing, after a warning: a
product of matrices stays float32, where torch's is bfloat16."""
import numpy as np
import paddle
import warnings

x = paddle.to_tensor(np.array([[2.0]], 'float32'))
y = paddle.to_tensor(np.array([[1.0]], 'float32'))
with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    with paddle.amp.auto_cast(enable=True, dtype='bfloat16'):
        inside = x @ y
        kept = (x * 0.0).exp()
got = inside
assert str(got.dtype).endswith('bfloat16'), f"got {got.dtype}"
