"""multi-margin-less-own: paddle >=3.1.1, <3.4. Promised: The mean over the other classes of max(0, margin -
x[label] + x)**p; no gradient exactly at the margin. Instead: The mean is over all classes, less margin**p / C for
the label's own, which is a float32 number also in float64: what is 0 comes out as 1e-9."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[4.0, 1.0, 3.0], [2.0, 2.0, -1.0], [3.0, -3.0, 1.0], [2.0, 3.0, 0.0], [-1.0, -2.0, -1.0], [0.0, 2.0, 4.0], [-4.0, 4.0, 0.0], [-1.0, 2.0, 1.0]], 'float32'), stop_gradient=False)
labels = paddle.to_tensor(np.array([0, 0, 2, 1, 1, 1, 2, 2], 'int64'))
output = paddle.nn.MultiMarginLoss(1, 1.0, None, 'mean')(x, labels)
cotangent = paddle.to_tensor(np.array(-2.0, 'float32'))
got = np.asarray(paddle.grad([output], [x], [cotangent], allow_unused=True)[0])[0, 2]
expected = 0.0
assert got == expected, f"got {got}, expected {expected}"
