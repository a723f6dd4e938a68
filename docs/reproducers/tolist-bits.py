"""tolist-bits: paddle >=2.6.2, <3.4. Promised: numpy() and asarray give the numbers of a tensor in its dtype,
tolist() and item() as Python's, for any dtype. Instead: tolist() of a tensor of bfloat16 or float8 gives bits as
whole numbers: 16256 for 1.0."""
import paddle

got = paddle.to_tensor([1.0]).astype("bfloat16").tolist()
assert got == [1.0], f"got {got}, expected [1.0]"
