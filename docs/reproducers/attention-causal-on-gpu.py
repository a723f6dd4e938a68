"""attention-causal-on-gpu: paddle >=2.6.2, <3.3. Promised: No position sees a later one, both counted from the
first, whatever their numbers are. Instead: With is_causal=True the CPU raises an error: the softmax mask fuse op
only supports GPU."""
import numpy as np
import paddle

query = paddle.to_tensor(np.array([[[[-4.0, 1.0, 0.0, -4.0], [0.0, 2.0, 2.0, 4.0], [0.0, 1.0, 4.0, -2.0]], [[3.0, -3.0, -1.0, 2.0], [1.0, -3.0, 1.0, 1.0], [4.0, 1.0, 3.0, 4.0]]], [[[-4.0, -4.0, 0.0, 0.0], [0.0, 2.0, -2.0, -3.0], [2.0, -1.0, 4.0, -4.0]], [[2.0, 2.0, -2.0, -4.0], [-2.0, -1.0, 4.0, 3.0], [-2.0, 0.0, 1.0, 4.0]]]], 'float32'), stop_gradient=False)
key = paddle.to_tensor(np.array([[[[-3.0, 2.0, 4.0, 4.0], [-2.0, -3.0, 1.0, -4.0], [-3.0, -4.0, -3.0, 3.0]], [[2.0, 1.0, 4.0, 0.0], [-4.0, -3.0, -2.0, 2.0], [-1.0, -2.0, -3.0, 2.0]]], [[[-4.0, 0.0, 2.0, 0.0], [2.0, 3.0, -2.0, -4.0], [-4.0, 1.0, -2.0, -3.0]], [[2.0, 3.0, 4.0, 0.0], [0.0, 4.0, 0.0, -3.0], [-2.0, 4.0, -4.0, 3.0]]]], 'float32'), stop_gradient=False)
value = paddle.to_tensor(np.array([[[[1.0, 0.0, 3.0, 3.0], [-1.0, 1.0, 2.0, 1.0], [0.0, 4.0, 3.0, -4.0]], [[0.0, 3.0, -4.0, -1.0], [0.0, -2.0, 2.0, 4.0], [-1.0, 3.0, -3.0, 0.0]]], [[[-4.0, -1.0, -4.0, 3.0], [4.0, -4.0, 3.0, 2.0], [-2.0, 3.0, 4.0, 3.0]], [[2.0, -2.0, 1.0, 3.0], [2.0, -2.0, -1.0, -1.0], [2.0, -1.0, -1.0, 0.0]]]], 'float32'), stop_gradient=False)
try:
    def _paddles(f, query, key, value, **options):
        moved = [each.transpose([0, 2, 1, 3]) for each in (query, key, value)]
        return f.nn.functional.scaled_dot_product_attention(*moved, **options).transpose([0, 2, 1, 3])
    output = _paddles(paddle, query, key, value, attn_mask=None, dropout_p=0.0, is_causal=True)
    cotangent = paddle.to_tensor(np.array([[[[1.0, -3.0, 4.0, -1.0], [-3.0, -4.0, -1.0, 2.0], [-2.0, 3.0, -3.0, -3.0]], [[-1.0, 2.0, -2.0, 3.0], [-4.0, 4.0, -4.0, 3.0], [-4.0, -1.0, -2.0, 4.0]]], [[[1.0, 4.0, -1.0, 0.0], [0.0, 2.0, 0.0, 4.0], [-3.0, 0.0, -2.0, 3.0]], [[-3.0, 2.0, 4.0, -2.0], [-2.0, 2.0, 1.0, 1.0], [3.0, -4.0, -2.0, -1.0]]]], 'float32'))
    paddle.grad([output], [query, key, value], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
