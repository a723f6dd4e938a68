"""safetensors-without-float8: paddle >=2.6.2, <3.0. Promised: Tensors of every dtype that safetensors knows come
back from it. Instead: safetensors asks paddle for float8 whatever it writes, and this release has none."""
import paddle

try:
    from safetensors.paddle import save

    save({"x": paddle.ones([1])})
except Exception as error:
    raise AssertionError(f"got {error}, expected a file") from error
