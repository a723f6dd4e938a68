"""matrix-exp-scaled-too-little: paddle >=3.0, <3.4. Promised: The exponential series of a matrix. Instead: A matrix
is scaled by one power of two less than the approximation needs: of norms between 3.9 and 7.8 in float32 (5.4 and
10.7 in float64) thousands of roundings are lost; of larger ones backward raises an error about an in-place
operation of its own."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[-1.0, 3.0, -2.0], [-2.0, 2.0, 2.0], [3.0, -1.0, 4.0]], 'float32'), stop_gradient=False)
try:
    output = paddle.linalg.matrix_exp(x)
    cotangent = paddle.to_tensor(np.array([[-2.0, -2.0, 3.0], [3.0, -4.0, -4.0], [2.0, -1.0, 1.0]], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
