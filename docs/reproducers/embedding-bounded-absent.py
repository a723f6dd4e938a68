"""embedding-bounded-absent: paddle >=2.6.2, <3.0. Promised: Rows that are looked up are first shortened to a length
in the table itself, without a gradient of that. Instead: embedding takes no max_norm."""
import numpy as np
import paddle

indices = paddle.to_tensor(np.zeros((2, 0), 'int64'))
weight = paddle.to_tensor(np.array([[0.12573022]], 'float32'), stop_gradient=False)
try:
    table = weight * 1
    found = paddle.nn.functional.embedding(indices, table, max_norm=1.0, norm_type=2.0)
    output = found
    cotangent = paddle.to_tensor(np.zeros((2, 0, 1), 'float32'))
    paddle.grad([output], [weight], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
