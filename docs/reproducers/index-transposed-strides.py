"""index-transposed-strides: paddle >=3.1.1, <3.3. Promised: Columns of a transposed matrix. Instead: Of a
transposed matrix x.T[:, [2, 0]] finds elements by the strides of the view in a copy that has others: neither
columns nor rows."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.12573022, -0.13210486], [0.64042264, 0.104900114]], 'float32'))
first = paddle.to_tensor(np.array([0], 'int64'))
got = np.asarray(x.T[:, first])[1, 0]
expected = -0.13210485875606537
assert got == expected, f"got {got}, expected {expected}"
