"""one-hot-number-needed: paddle >=2.6.2, <3.2. Promised: A 1 at the place of each class; their number is given, or
one more than the largest. Instead: The number of classes -1, which torch takes from the largest class, raises an
error: the meta data must be valid."""
import numpy as np
import paddle

indices = paddle.to_tensor(np.array([0], 'int64'))
try:
    paddle.nn.functional.one_hot(indices, -1)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
