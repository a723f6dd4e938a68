"""argmax-nan-passed-over: paddle >=2.6.2, <3.4. Promised: Where the largest element stands, the first of equal
ones; NaN is the largest. Instead: NaN is passed over, where max and torch's argmax find it."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-0.0, -0.12654215, np.nan, -0.0, np.nan], 'float32'))
got = np.asarray(paddle.argmax(x, None, False))[()]
expected = 2
assert got == expected, f"got {got}, expected {expected}"
