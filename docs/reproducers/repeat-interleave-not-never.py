"""repeat-interleave-not-never: paddle >=2.6.2, <3.4. Promised: Each element repeated, as often as a number or as a
tensor of counts says. Instead: To repeat no times is refused as a number, though a tensor may hold zeros."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[0.3468379, 1.0840685, 1.1844872, 0.8967208, -1.2240796, -0.8769191, 0.01218626, 0.17563912]], [[-1.2187246, -0.93544495, 0.40142927, 0.62835073, 0.17081909, -0.8769854, -0.029136453, -0.7452048]]], 'float32'), stop_gradient=False)
counts = paddle.to_tensor(np.array([0, 0], 'int64'))
try:
    output = paddle.repeat_interleave(x, 0, -3)
    cotangent = paddle.to_tensor(np.zeros((0, 1, 8), 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
