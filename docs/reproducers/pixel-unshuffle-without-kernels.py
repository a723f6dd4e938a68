"""pixel-unshuffle-without-kernels: paddle <3. Promised: PixelUnshuffle makes groups of channels of blocks of
pixels. Instead: Release 2.6 has no kernel of low precision on the CPU, and says so in words of its own."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[1.0]]]], 'float16'), stop_gradient=False)
try:
    output = paddle.nn.PixelUnshuffle(1)(x)
    cotangent = paddle.to_tensor(np.array([[[[1.0]]]], 'float16'))
    paddle.grad([output], [x], [cotangent], allow_unused=True)[0]
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
