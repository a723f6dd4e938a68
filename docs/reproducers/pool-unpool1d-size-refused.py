"""pool-unpool1d-size-refused: paddle <3. Promised: Elements put back to the places that a maximum pool of one axis
took them from, among zeros. Instead: Release 2.6 refuses an output_size of one axis."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[1.0]]], 'float32'), stop_gradient=False)
indices = paddle.to_tensor(np.array([[[0]]], 'int64'))
try:
    output = paddle.nn.MaxUnPool1D((1,), (1,), output_size=(1, 1, 1))(x, indices.astype('int32'))
    cotangent = paddle.to_tensor(np.array([[[1.0]]], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
