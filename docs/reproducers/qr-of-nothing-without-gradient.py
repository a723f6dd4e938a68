""""""
import paddle

x = paddle.ones([0, 2, 2])
x.stop_gradient = False
try:
    got = paddle.grad(sum(each.sum() for each in paddle.linalg.qr(x)), [x])[0].shape
except Exception as error:
    got = error
assert got == [0, 2, 2], f"got {got}, expected a gradient of shape [0, 2, 2]"
