"""stacks-absent: paddle >=2.6.2, <3.0. Promised: Joined by columns, rows and depth, where tensors of few axes are
given more. Instead: hstack, vstack, dstack, column_stack and row_stack came later."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(0.12573022, 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array(-0.13210486, 'float32'), stop_gradient=False)
try:
    output = getattr(paddle, 'hstack')((x, y))
    cotangent = paddle.to_tensor(np.array([0.64042264, 0.104900114], 'float32'))
    paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
