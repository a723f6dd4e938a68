"""svdvals-absent: paddle >=2.6.2, <3.0. Promised: The singular values alone. Instead: There is no such call."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[0.85577774]]], [[[0.8797114]]]], 'float32'), stop_gradient=False)
try:
    output = paddle.linalg.svdvals(x)
    cotangent = paddle.to_tensor(np.array([[[1.304]], [[0.94708097]]], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
