"""fftshift-single-axis-refused: paddle >=3.3, <3.4. Promised: Frequency 0 moved to the middle, and back. Instead: A
shift along one axis, also of a signal of one axis without any named, raises an error about converting an array: the
amounts to roll by are arrays of one element, which NumPy 2.4 does not take for numbers."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([0.12573022], 'float32'), stop_gradient=False)
try:
    output = getattr(paddle.fft, 'fftshift')(x, None)
    cotangent = paddle.to_tensor(np.array([-0.13210486], 'float32'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
