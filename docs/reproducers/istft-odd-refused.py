"""istft-odd-refused: paddle >=3.1, <3.4. Promised: The signal of which these are the transforms, given as their
parts. Instead: Windows of an odd length are refused with an error about shapes: the transform back is made without
its length, which gives the even number below."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.12573022, -0.13210486], [0.64042264, 0.104900114], [-0.5356694, 0.36159506]], [[1.304, 0.94708097], [-0.70373523, -1.2654215], [-0.62327445, 0.04132598]], [[-2.3250308, -0.21879166], [-1.245911, -0.7322674], [-0.544259, -0.31630015]]], 'float32'), stop_gradient=False)
window = paddle.to_tensor(np.array([0.41163054, 1.0425134, 0.9214357, 1.3664634, 1.9664619], 'float32'), stop_gradient=False)
try:
    output = paddle.signal.istft(paddle.complex(x[..., 0], x[..., 1]), 5, 1, 5, window, False, False, True, None)
    cotangent = paddle.to_tensor(np.array([-0.45772582, 0.22019513, -1.0096182, -0.20917557, -0.15922502, 0.5408456, 0.21465912], 'float32'))
    paddle.grad([output], [x, window], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
