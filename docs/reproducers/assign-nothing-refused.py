"""assign-nothing-refused: paddle >=3.1, <3.4. Promised: A tensor written to rows of which all are chosen, or none.
Instead: A tensor written to rows of which a mask chooses none raises an error; a number does not."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[-0.13210486, 0.64042264]], 'float32'), stop_gradient=False)
mask = paddle.to_tensor(np.array([False], 'bool'))
v = paddle.to_tensor(np.array([0.104900114, -0.5356694], 'float32'), stop_gradient=False)
try:
    y = x.clone()
    y[mask] = v
    output = y
    cotangent = paddle.to_tensor(np.array([[0.36159506, 1.304]], 'float32'))
    paddle.grad([output], [x, v], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
