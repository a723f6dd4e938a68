"""item-float8: paddle >=3.0, <3.4. Promised: numpy() and asarray give the numbers of a tensor in its dtype,
tolist() and item() as Python's, for any dtype. Instead: item() of a float8 tensor is refused, which torch gives."""
import paddle

x = paddle.to_tensor(1.0).astype(getattr(paddle, "float8_e4m3fn", "float32"))
try:
    got = x.item()
except Exception as error:
    got = error
assert got == 1.0, f"got {got}, expected 1.0"
