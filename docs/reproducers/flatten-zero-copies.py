"""flatten-zero-copies: paddle ==2.6.2. Promised: Flattening joins a range of axes, and refuses axes that do not
exist or come in the wrong order. Instead: Flattening is a reshaping, in which a length of 0 stands for the input's
own length at that place: of an input without elements the result has another shape, or is refused."""
import numpy as np
import paddle

x = paddle.to_tensor(np.zeros((3, 2, 0, 0), 'float32'))
got = np.ravel(np.array(x.flatten(0, 1).shape, np.int64))[1]
expected = 0
assert got == expected, f"got {got}, expected {expected}"
