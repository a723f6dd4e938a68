"""safetensors-by-numpy: paddle >=3.0, <3.2. Promised: Tensors of every dtype that safetensors knows come back from
it. Instead: safetensors brings tensors of these releases in by NumPy, which has neither bfloat16 nor float8."""
import paddle

try:
    from safetensors.paddle import load, save

    load(save({"x": paddle.ones([1]).astype("bfloat16")}))
except Exception as error:
    raise AssertionError(f"got {error!r}, expected a tensor of bfloat16") from error
