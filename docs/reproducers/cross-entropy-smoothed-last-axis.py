"""cross-entropy-smoothed-last-axis: paddle >=2.6.2, <3.4. Promised: The classes that are smoothed are those of the
axis that is asked for. Instead: With axis=1 the smoothed labels are made along the last axis: where that is as long
as the axis of the classes, they are transposed and the loss is that of other labels; otherwise they are refused."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.6960427239628685, -1.184117966757189, -0.6617025720390349], [-0.43643524714322124, -1.169801907772864, 1.739367877130134], [-0.4959107284421519, 0.3289696294602021, -0.258572545473924]]], 'float64'))
labels = paddle.to_tensor(np.array([[0, 0, 2]], 'int64'))
got = np.asarray(paddle.nn.functional.cross_entropy(x, labels, reduction='mean', axis=1, label_smoothing=0.1))[()]
expected = 1.5138615930680495
assert abs(got - expected) <= 5.1e-15, f"got {got}, expected {expected}"
