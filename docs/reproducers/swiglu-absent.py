"""swiglu-absent: paddle >=2.6.2, <3.0. Promised: silu(x) y, of two tensors or of the halves of one. Instead: There
is no swiglu."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([1.0], 'float32'), stop_gradient=False)
y = paddle.to_tensor(np.array([1.0], 'float32'), stop_gradient=False)
try:
    def _swiglu(f, x, y):
        if f.__name__ == 'torch':
            first, second = (x, y) if y is not None else x.chunk(2, -1)
            return f.nn.functional.silu(first) * second
        function = getattr(f.nn.functional, 'swiglu', None) or f.incubate.nn.functional.swiglu
        return function(x, y)
    output = _swiglu(paddle, x, y)
    cotangent = paddle.to_tensor(np.array([1.0], 'float32'))
    paddle.grad([output], [x, y], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
