"""positions-block-diag-absent: paddle >=2.6.2, <3.0. Promised: Matrices one after another on the diagonal, each an
argument. Instead: There is no block_diag."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[0.12573022, -0.13210486, 0.64042264, 0.104900114], [-0.5356694, 0.36159506, 1.304, 0.94708097]], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([[-0.70373523, -1.2654215]], 'float32'))
try:
    output = paddle.block_diag(x, y)
    cotangent = paddle.to_tensor(np.array([[-0.62327445, 0.04132598, -2.3250308, -0.21879166, -1.245911, -0.7322674], [-0.544259, -0.31630015, 0.41163054, 1.0425134, -0.12853466, 1.3664634], [-0.6651947, 0.35151008, 0.90347016, 0.0940123, -0.7434993, -0.9217254]], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
