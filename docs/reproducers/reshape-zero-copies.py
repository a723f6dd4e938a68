"""reshape-zero-copies: paddle >=2.6.2, <3.4. Promised: Reshaping keeps the number of elements, infers one length of
-1, and takes 0 for a length of no elements. Instead: In a shape asked for, 0 means the input's own length at that
place, as documented; torch takes it for a length of 0, as paddle does where the input has no elements, and
otherwise refuses it."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], 'float32'))
try:
    got = {'shape': np.array(x.reshape([0, -1]).shape, np.int64)}
except Exception:
    got = None
assert got is None, f'not refused (the length left open does not come out whole): got {got}'
