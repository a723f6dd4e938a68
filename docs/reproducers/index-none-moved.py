"""index-none-moved: paddle >=3.0, <3.4. Promised: An index takes the axes in their order. Instead: Of two None, the
second before an integer, the second comes out one axis too far in front: [1, 1, 2] for [1, 2, 1]."""

import paddle

x = paddle.arange(6, dtype="float32").reshape([2, 3])
got, expected = x[None, :, None, 0].shape, [1, 2, 1]
assert list(got) == expected, f"got the shape {list(got)}, expected {expected}"
