"""segment-extreme-nan-lost: paddle >=2.6.2, <3.4. Promised: The largest or smallest of the rows of each group, 0
for one without rows; equal ones share the gradient. Instead: The largest of NaN and 1 is 1, and that of 1 and NaN
is NaN: it depends on the place of a NaN whether it is seen."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[np.nan], [1.0]], 'float32'))
groups = paddle.to_tensor(np.array([0, 0], 'int64'))
def _segment(f, how):
    return f.geometric
got = np.asarray(getattr(_segment(paddle, 'geometric'), 'segment_max')(x, groups))[0, 0]
assert np.isnan(got), f"got {got}, expected NaN"
