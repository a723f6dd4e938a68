"""take-along-close-together: paddle >=2.6.2, <3.3. Promised: At every place the element that an index names along
an axis; an element named twice gets both gradients. Instead: With fewer indices than places along two axes before
or after it, places are counted by the lengths of the index: of a [2, 2, 1] tensor, the index of shape [2, 1, 1]
names the elements 0 and 1 as they lie in memory, for 0 and 2. A backward pass does the same."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[1.0], [2.0]], [[3.0], [4.0]]], 'float32'))
index = paddle.to_tensor(np.array([[[0]], [[0]]], 'int64'))
got = np.asarray(paddle.take_along_axis(x, index, 2, broadcast=False))[1, 0, 0]
expected = 3.0
assert got == expected, f"got {got}, expected {expected}"
