"""assign-chosen-broadcast-to-chosen-first: paddle >=2.6.2, <3.1.1. Promised: A tensor written to elements that
tensors of integers choose, among other parts, none of them twice. Instead: y[:, chosen] = v broadcasts v, where it
has one axis, as if the axis of the chosen elements were the first: of a length that fits, rows are written for
columns, others are refused. Where it has more, but fewer than what is chosen, it is refused."""
import paddle

y = paddle.zeros([2, 2])
y[:, paddle.to_tensor([0, 1])] = paddle.to_tensor([1.0, 2.0])
assert y.tolist() == [[1.0, 2.0], [1.0, 2.0]], f"got {y.tolist()}"
