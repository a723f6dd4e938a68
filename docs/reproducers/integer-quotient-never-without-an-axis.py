"""integer-quotient-never-without-an-axis: paddle >=3.0, <3.4. Promised: Quotients of integers are rounded down, and
what they leave has the divisor's sign. Instead: The quotient of an integer tensor without axes and a number has one
axis."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(3, 'int64'))
got = x // 2
assert tuple(got.shape) == (), f"got shape {tuple(got.shape)}"
