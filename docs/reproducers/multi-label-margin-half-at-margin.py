"""multi-label-margin-half-at-margin: paddle >=2.6.2, <3.4. Promised: max(0, 1 - x[label] + x) over labels and other
classes, divided by the classes; no gradient at the margin. Instead: Exactly at the margin half of the gradient
passes, in torch none; and a batch in which no row has a label is refused."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[-0.7057015550306545, -0.0]], 'float64'), stop_gradient=False)
labels = paddle.to_tensor(np.array([[-1, -1]], 'int64'))
try:
    output = paddle.nn.MultiLabelMarginLoss(reduction='sum')(x, labels)
    cotangent = paddle.to_tensor(np.array(-0.5800407702439034, 'float64'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
