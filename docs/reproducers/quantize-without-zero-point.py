"""quantize-without-zero-point: paddle >=2.6.2, <3.4. Promised: x becomes the nearest whole number of steps plus the
zero point, ties to even, within -128 and 127, and back. Instead: The zero point is stored and saved, and is neither
added nor subtracted: 0.1 of a step is 0 for 3 with a zero point of 3."""
import numpy as np
import paddle
from paddle.nn.quant.format import LinearQuanter

x = paddle.to_tensor([0.1, 5.2])
got = LinearQuanter(np.float32(127.0), np.float32(3.0))(x).tolist()
assert got == [3.0, 8.0], f"got {got}, expected [3.0, 8.0]"
