"""inplace-copy-in-order: paddle >=2.6.2, <3.2. Promised: A method that changes a view in place changes the tensor,
and its gradient. Instead: copy_ into a view whose elements do not lie one after another writes them one after
another from where the view begins: y[:, 1].copy_ changes y[0, 1], y[0, 2] and y[0, 3]. And as
inplace-views-gradient."""
import paddle

y = paddle.zeros([2, 3])
y[:, 1].copy_(paddle.ones([2]), True)
got = y.tolist()
assert got == [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]], f"got {got}, expected the second column to be 1.0"
