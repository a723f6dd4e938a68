"""dlpack-no-unsigned: paddle >=3.0, <3.3. Promised: A tensor taken by DLPack from an array is its memory: numbers,
dtype, strides, and what is written. Instead: Unsigned integers of 16 bits and more are taken by DLPack since paddle
3.3."""
import numpy as np
import paddle

try:
    paddle.utils.dlpack.from_dlpack(np.array([16256], "uint16"))
except Exception as error:
    raise AssertionError(f"got {error}, expected [16256]") from error
