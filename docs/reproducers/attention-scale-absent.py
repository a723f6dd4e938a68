"""attention-scale-absent: paddle >=2.6.2, <3.3. Promised: Scores are multiplied by a scale in place of 1 /
sqrt(width). Instead: There is no scale."""
import numpy as np
import paddle

query = paddle.to_tensor(np.array([[[[100.0]]]], 'float32'), stop_gradient=False)
key = paddle.to_tensor(np.array([[[[1.0], [0.0]]]], 'float32'), stop_gradient=False)
value = paddle.to_tensor(np.array([[[[1.0], [0.0]]]], 'float32'), stop_gradient=False)
try:
    def _paddles(f, query, key, value, **options):
        moved = [each.transpose([0, 2, 1, 3]) for each in (query, key, value)]
        return f.nn.functional.scaled_dot_product_attention(*moved, **options).transpose([0, 2, 1, 3])
    output = _paddles(paddle, query, key, value, scale=1.0)
    cotangent = paddle.to_tensor(np.array([[[[1.0]]]], 'float32'))
    paddle.grad([output], [query, key, value], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
