"""no-float8: paddle >=2.6.2, <3.0. Promised: numpy() and asarray give the numbers of a tensor in its dtype,
tolist() and item() as Python's, for any dtype. Instead: There are tensors of float8 since paddle 3.0."""
import paddle

try:
    paddle.to_tensor(1.0).astype("float8_e5m2")
except TypeError as error:
    raise AssertionError(f"got {error}, expected a tensor of float8_e5m2") from error
