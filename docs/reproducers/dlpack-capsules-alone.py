"""dlpack-capsules-alone: paddle >=2.6.2, <3.0. Promised: A tensor taken by DLPack from an array is its memory:
numbers, dtype, strides, and what is written. Instead: from_dlpack takes what has the DLPack protocol since paddle
3.0, and a capsule alone before."""
import numpy as np
import paddle

try:
    paddle.utils.dlpack.from_dlpack(np.array([1.0], "float32"))
except Exception as error:
    raise AssertionError(f"got {error}, expected [1.0]") from error
