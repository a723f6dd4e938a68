"""nms-ties-other-order: paddle >=2.6.2, <3.4. Promised: Of boxes with equal scores the one that stands first is
looked at first. Instead: Of more than a few boxes with equal scores another than the first is looked at first, so
that other boxes are left: the order of equal scores is not kept."""
import paddle

# Twelve places with two equal boxes each: of each pair the first is to be left.
boxes = paddle.to_tensor([[3.0 * (i // 2), 0.0, 3.0 * (i // 2) + 2, 2.0] for i in range(24)])
got = paddle.vision.ops.nms(boxes, 0.37, paddle.full([24], 0.5)).tolist()
expected = list(range(0, 24, 2))
assert got == expected, f"got {got}, expected {expected}"
