""""""
import paddle

x = paddle.ones([2, 3, 0])
got = paddle.cdist(x, x).shape
assert got == [2, 3, 3], f"got distances of shape {got}, expected [2, 3, 3]"
