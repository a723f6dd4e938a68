"""segment-extreme-whole-gradient: paddle >=2.6.2, <3.4. Promised: The largest or smallest of the rows of each
group, 0 for one without rows; equal ones share the gradient. Instead: Each of several equal largest or smallest
rows gets the whole gradient, which so comes back more than once: 2 and 2 for 1 and 1."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[1.0], [1.0]], 'float32'), stop_gradient=False)
groups = paddle.to_tensor(np.array([0, 0], 'int64'))
def _segment(f, how):
    return f.geometric
output = getattr(_segment(paddle, 'geometric'), 'segment_max')(x, groups)
cotangent = paddle.to_tensor(np.array([[2.0]], 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 0]
expected = 1.0
assert got == expected, f"got {got}, expected {expected}"
