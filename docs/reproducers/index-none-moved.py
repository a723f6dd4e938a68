"""index-none-moved: paddle >=3.0, <3.4. Promised: Integers, slices with steps, None and an ellipsis, from either
end and beyond it. Instead: Of two None, the second before an integer, the second comes out one axis too far in
front: x[None, :, None, 0] of shape [2, 3] has the shape [1, 1, 2] for [1, 2, 1]."""
import paddle

x = paddle.arange(6, dtype="float32").reshape([2, 3])
got, expected = x[None, :, None, 0].shape, [1, 2, 1]
assert list(got) == expected, f"got the shape {list(got)}, expected {expected}"
