"""pad-tensor-never-symmetric: paddle >=2.6.2, <3.4. Promised: A border of a tensor is what that of an image would
be. Instead: The mode symmetric is documented for tensors as for images, and refused for them."""
import numpy as np
import paddle
from paddle.vision.transforms import Pad

x = paddle.to_tensor(np.array([[[0.12573022, -0.13210486, 0.64042264], [0.104900114, -0.5356694, 0.36159506], [1.304, 0.94708097, -0.70373523]]], 'float32'))
try:
    Pad(0, 0, 'symmetric')(x)
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
