"""diag-embed-no-gradient: paddle >=2.6.2, <3.4. Promised: Matrices of diagonals, in two axes of which either may
come first. Instead: diag_embed passes no gradient on: after backward what came before it has none, in silence, and
paddle.grad raises an error."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-0.13210486], 'float32'), stop_gradient=False)
try:
    output = paddle.diag_embed(x, 0, 0, -1)
    cotangent = paddle.to_tensor(np.array([[0.64042264]], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
