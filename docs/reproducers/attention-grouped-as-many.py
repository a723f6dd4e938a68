"""attention-grouped-as-many: paddle >=2.6.2, <3.3. Promised: Several heads of queries, side by side, share a head
of keys and values. Instead: Heads of queries cannot share keys and values: as many of both are needed, or one head
of keys."""
import numpy as np
import paddle

query = paddle.to_tensor(np.array([[[[1.0]], [[1.0]], [[1.0]], [[1.0]]]], 'float32'), stop_gradient=False)
key = paddle.to_tensor(np.array([[[[1.0]], [[1.0]]]], 'float32'), stop_gradient=False)
value = paddle.to_tensor(np.array([[[[1.0]], [[1.0]]]], 'float32'), stop_gradient=False)
try:
    def _paddles(f, query, key, value, **options):
        moved = [each.transpose([0, 2, 1, 3]) for each in (query, key, value)]
        return f.nn.functional.scaled_dot_product_attention(*moved, **options).transpose([0, 2, 1, 3])
    output = _paddles(paddle, query, key, value)
    cotangent = paddle.to_tensor(np.array([[[[1.0]], [[1.0]], [[1.0]], [[1.0]]]], 'float32'))
    paddle.grad([output], [query, key, value], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
