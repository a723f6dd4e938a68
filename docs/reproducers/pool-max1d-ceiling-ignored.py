"""pool-max1d-ceiling-ignored: paddle <3. Promised: The largest of every window of one axis, the first of equal
ones, and where it stands. Instead: With return_mask, release 2.6 ignores ceil_mode."""
import paddle

x = paddle.to_tensor([[[0.0, 1.0, 2.0]]])
got = paddle.nn.MaxPool1D(2, ceil_mode=True, return_mask=True)(x)[0].tolist()
assert got == [[[1.0, 2.0]]], f"got {got}, expected [[[1.0, 2.0]]]"
