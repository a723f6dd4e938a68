"""dlpack-uint16-called-bfloat16: paddle >=3.3, <3.4. Promised: A tensor taken by DLPack from an array is its
memory: numbers, dtype, strides, and what is written. Instead: A tensor that DLPack says is uint16 is called
bfloat16, and has no kernels of either: DLPack tells the two apart."""
import numpy as np
import paddle

try:
    got = str(paddle.utils.dlpack.from_dlpack(np.array([16256], "uint16")).dtype)
except Exception as error:
    got = f"refused: {error}"
assert not got.endswith("bfloat16"), f"got {got}, expected paddle.uint16"
