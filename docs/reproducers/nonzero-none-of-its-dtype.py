"""nonzero-none-of-its-dtype: paddle ==3.1.0. Promised: Where elements are not zero, NaN among them: rows of
indices, or for each axis a tensor of its own. Instead: Of a tensor without elements the indices have its own dtype,
float32 for int64."""
import numpy as np
import paddle

x = paddle.to_tensor(np.zeros((0,), 'float32'))
got = paddle.nonzero(x)
assert str(got.dtype).endswith('int64'), f"got {got.dtype}"
