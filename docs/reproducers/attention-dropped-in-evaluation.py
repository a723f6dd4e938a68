"""attention-dropped-in-evaluation: paddle >=2.6.2, <3.3. Promised: softmax(query key' / sqrt(width)) value; dropout
does nothing in evaluation. Instead: On the CPU dropout_p drops although training=False is given: results in
evaluation are random."""
import numpy as np
import paddle

query = paddle.to_tensor(np.array([[[[100.0]]]], 'float32'))
key = paddle.to_tensor(np.array([[[[1.0], [0.0]]]], 'float32'))
value = paddle.to_tensor(np.array([[[[1.0], [0.0]]]], 'float32'))
def _paddles(f, query, key, value, **options):
    moved = [each.transpose([0, 2, 1, 3]) for each in (query, key, value)]
    return f.nn.functional.scaled_dot_product_attention(*moved, **options).transpose([0, 2, 1, 3])
got = np.asarray(_paddles(paddle, query, key, value, attn_mask=None, dropout_p=0.5, is_causal=False, training=0.5 == 0))[0, 0, 0, 0]
expected = 1.0
assert abs(got - expected) <= 9.7e-05, f"got {got}, expected {expected}"
