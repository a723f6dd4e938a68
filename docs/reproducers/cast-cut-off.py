"""cast-cut-off: paddle >=3.0, <3.2. Promised: Every dtype into every other: rounded to nearest, integers wrapped
around, what is not 0 true, NaN too. Instead: A number cast to float16 is cut off and not rounded: -653.5 for
-654."""
import paddle

got = paddle.to_tensor([-653.9]).astype("float16").item()
assert got == -654.0, f"-653.9 in float16: got {got}, expected -654.0"
