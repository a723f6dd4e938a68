"""dropout-downscaled-one-axis: paddle >=2.6.2, <3.4. Promised: Where training left what it kept unscaled,
evaluation multiplies by 1 - p. Instead: Evaluation in the mode downscale_in_infer raises an error for tensors of
fewer than two axes (the input dimension number must be between 0 and 1)."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(0.12573022, 'float32'), stop_gradient=False)
try:
    def _downscaled(f, x, probability, how):
        if f.__name__ == 'torch':
            return f.nn.functional.dropout(x, 0.5, False) * (1 - 0.5)
        if 'module' == 'module':
            layer = f.nn.Dropout(0.5, mode='downscale_in_infer')
            layer.eval()
            return layer(x)
        return f.nn.functional.dropout(x, 0.5, training=False, mode='downscale_in_infer')
    output = _downscaled(paddle, x, 0.5, 'module')
    cotangent = paddle.to_tensor(np.array(-0.13210486, 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
