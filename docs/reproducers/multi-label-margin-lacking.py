"""multi-label-margin-lacking: paddle >=2.6.2, <3.1.1. Promised: max(0, 1 - x[label] + x) over labels and other
classes, divided by the classes; no gradient at the margin. Instead: There is no MultiLabelMarginLoss."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.5, 0.25]], 'float32'), stop_gradient=False)
labels = paddle.to_tensor(np.array([[1, -1]], 'int64'))
try:
    output = paddle.nn.MultiLabelMarginLoss(reduction='mean')(x, labels)
    cotangent = paddle.to_tensor(np.array(1.0, 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
