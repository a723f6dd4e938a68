"""multi-label-margin-half-at-margin: paddle >=3.1.1, <3.4. Promised: max(0, 1 - x[label] + x) over labels and other
classes, divided by the classes; no gradient at the margin. Instead: Exactly at the margin half of the gradient
passes, in torch none; and a batch in which no row has a label is refused."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.0, -2.0, 3.0, 2.0]], 'float32'), stop_gradient=False)
labels = paddle.to_tensor(np.array([[-1, -1, -1, -1]], 'int64'))
try:
    output = paddle.nn.MultiLabelMarginLoss(reduction='mean')(x, labels)
    cotangent = paddle.to_tensor(np.array(-4.0, 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
