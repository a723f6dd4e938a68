"""index-add-cut-off-sums: paddle >=2.6.2, <3.2. Promised: Slices added along an axis, some of them to the same
place. Instead: In float16 every addition to the same place is cut off rather than rounded: 2402 for 2405.9."""
import paddle

x = paddle.ones([1]).astype("float16")
steps = paddle.full([200], 0.0007).astype("float16")  # of 0.7 units in the last place of 1
got, expected = paddle.index_add(x, paddle.zeros([200], "int64"), 0, steps).item(), 1.14
assert got > 1.1, f"got {got}, expected {expected}"
