"""attention-masked-on-gpu: paddle >=2.6.2, <3.0. Promised: Positions are hidden by truth values, by -inf, by the
lowest number, or weighed by what is added to scores. Instead: With a mask the CPU raises an error: the kernel
flash_attn is not registered."""
import numpy as np
import paddle

query = paddle.to_tensor(np.array([[[[1.0, 1.0, 4.0, 1.0], [3.0, 4.0, -4.0, -4.0], [0.0, 0.0, 0.0, 2.0]], [[-2.0, -3.0, 2.0, -1.0], [4.0, -4.0, 2.0, 2.0], [-2.0, -4.0, -2.0, -1.0]]], [[[4.0, 3.0, -2.0, 0.0], [1.0, 4.0, -3.0, 2.0], [4.0, 4.0, -2.0, -3.0]], [[1.0, -4.0, -3.0, -4.0], [-3.0, 3.0, 2.0, 1.0], [4.0, 0.0, -4.0, -3.0]]]], 'float32'), stop_gradient=False)
key = paddle.to_tensor(np.array([[[[-2.0, 2.0, -1.0, -2.0], [-3.0, 2.0, -4.0, 0.0], [2.0, 0.0, 2.0, 3.0]], [[-2.0, -4.0, -4.0, 1.0], [-2.0, -3.0, 2.0, 3.0], [4.0, 0.0, 0.0, 4.0]]], [[[0.0, -3.0, -2.0, 4.0], [-4.0, 3.0, 1.0, 0.0], [3.0, 3.0, -1.0, 1.0]], [[2.0, 1.0, 0.0, 4.0], [3.0, -4.0, 0.0, 3.0], [-4.0, -1.0, 0.0, -2.0]]]], 'float32'), stop_gradient=False)
value = paddle.to_tensor(np.array([[[[2.0, 4.0, -1.0, 3.0], [-3.0, 0.0, -4.0, -1.0], [-4.0, 3.0, 4.0, -4.0]], [[3.0, 2.0, -2.0, 3.0], [4.0, 3.0, 2.0, -2.0], [1.0, 3.0, 2.0, -2.0]]], [[[-1.0, -1.0, 2.0, -1.0], [-1.0, 0.0, 1.0, -3.0], [4.0, -1.0, -3.0, -4.0]], [[-1.0, 2.0, -2.0, 3.0], [-3.0, -3.0, -1.0, 2.0], [-2.0, 3.0, -4.0, 4.0]]]], 'float32'), stop_gradient=False)
mask = paddle.to_tensor(np.array([[True, True, False], [True, False, False], [True, True, False]], 'bool'))
try:
    def _paddles(f, query, key, value, **options):
        moved = [each.transpose([0, 2, 1, 3]) for each in (query, key, value)]
        return f.nn.functional.scaled_dot_product_attention(*moved, **options).transpose([0, 2, 1, 3])
    def _mask(f, x, mask, kind):
        if 'bool' in ('added', 'bool'):
            return mask
        low = float(f.finfo(x.dtype).min)
        hidden = f.full(mask.shape, low, dtype=x.dtype)
        return f.where(mask, f.zeros_like(hidden), hidden)
    output = _paddles(paddle, query, key, value, attn_mask=_mask(paddle, query, mask, 'bool'), is_causal=False)
    cotangent = paddle.to_tensor(np.array([[[[-3.0, 2.0, 4.0, -2.0], [-2.0, 2.0, 1.0, 1.0], [3.0, -4.0, -2.0, -1.0]], [[4.0, -4.0, 0.0, 0.0], [-4.0, -1.0, 1.0, -1.0], [-2.0, 1.0, 4.0, -3.0]]], [[[-2.0, 4.0, -2.0, 2.0], [-1.0, 3.0, 1.0, 4.0], [1.0, 1.0, 0.0, -4.0]], [[-3.0, 2.0, 1.0, 1.0], [-3.0, 3.0, 3.0, 0.0], [-2.0, 3.0, 0.0, 4.0]]]], 'float32'))
    paddle.grad([output], [query, key, value], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
