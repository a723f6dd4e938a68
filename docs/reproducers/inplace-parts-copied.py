"""inplace-parts-copied: paddle >=2.6.2, <3.4. Promised: What is written into a part of a tensor that is a view of
it is written into the tensor. Instead: chunk and split give copies: what is written into y.chunk(2, 1)[1] is not in
y, where unbind and a slice give views."""
import paddle

y = paddle.ones([2, 2])
y.chunk(2, 1)[1].fill_(7.0)
got = y.tolist()
assert got == [[1.0, 7.0], [1.0, 7.0]], f"got {got}, expected [[1.0, 7.0], [1.0, 7.0]]"
