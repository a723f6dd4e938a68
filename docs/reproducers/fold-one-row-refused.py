"""fold-one-row-refused: paddle <3. Promised: Fold adds blocks up where they lie in the image. Instead: Release 2.6
refuses to fold to an image of one row or one column."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[1.0]]], 'float32'), stop_gradient=False)
try:
    output = paddle.nn.Fold(list((1, 1)), *[list(each) if isinstance(each, tuple) else each for each in (1, 1, 0, 1)])(x)
    cotangent = paddle.to_tensor(np.array([[[[1.0]]]], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
