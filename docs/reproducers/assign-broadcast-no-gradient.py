"""assign-broadcast-no-gradient: paddle >=3.1, <3.4. Promised: Everything written anew with a row, a column or one
element. Instead: y[:] = v, with v repeated along one of two axes that both have, has no gradient: backward raises
an error about the dimension size."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[-0.13210486, 0.64042264]], 'float32'), stop_gradient=False)
v = paddle.to_tensor(np.array([[0.104900114]], 'float32'), stop_gradient=False)
try:
    y = x.clone()
    y[...] = v
    output = y
    cotangent = paddle.to_tensor(np.array([[-0.5356694, 0.36159506]], 'float32'))
    paddle.grad([output], [x, v], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
