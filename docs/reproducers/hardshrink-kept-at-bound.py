"""hardshrink-kept-at-bound: paddle >=3.1.1, <3.4. Promised: x outside of a bound, and 0 within it. Instead: A
number equal to the threshold in size is kept, with its gradient; the documentation says that it becomes 0."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(0.5, 'float32'))
got = np.asarray(paddle.nn.functional.hardshrink(x, 0.5))[()]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
