"""inplace-expanded-copied: paddle >=2.6.2, <3.4. Promised: What is written into a part of a tensor that is a view
of it is written into the tensor. Instead: expand and broadcast_to give copies, also where the shape stays the same:
what is written into y.expand([3, 4]) is not in y."""
import paddle

y = paddle.ones([2, 2])
y.expand([2, 2]).fill_(7.0)
got = y.tolist()
assert got == [[7.0, 7.0], [7.0, 7.0]], f"got {got}, expected 7.0 everywhere"
