"""matrix-norm-complex-absent: paddle >=2.6.2, <3.0. Promised: The root of the sum of squared sizes of complex
numbers, which is real. Instead: There is no such call."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[(0.48202329874038696-0.7071132063865662j)]], 'complex64'))
try:
    paddle.linalg.matrix_norm(x)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
