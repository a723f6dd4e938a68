"""image-without-batch: paddle >=2.6.2, <3.4. Promised: A single image [C, H, W] goes through a convolution or pool
as a batch of one would, and gains no axis. Instead: Convolutions and pools need a batch axis; torch takes a single
image [C, H, W] too."""
import numpy as np
import paddle
from paddle.nn import functional

x = paddle.to_tensor(np.array([[[1.0, 1.0], [1.0, 1.0]]], 'float32'))
try:
    window = paddle.ones([1, x.shape[-3], 2, 2])
    {'shape': np.array(getattr(functional, 'conv2d')(x, window).shape, np.int64)}
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
