"""matrix-norm-root-of-squares: paddle >=3.0, <3.4. Promised: The root of the sum of squared sizes of complex
numbers, which is real. Instead: Of a complex matrix the complex squares are added up, and the root is complex: 0.75
- 3.93i for 4.71."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[(0.48202329874038696-0.7071132063865662j)]], 'complex64'))
got = paddle.linalg.matrix_norm(x)
assert str(got.dtype).endswith('float32'), f"got {got.dtype}"
