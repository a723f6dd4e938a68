""""""
import paddle

got = paddle.linalg.lstsq(paddle.ones([2, 3, 0]), paddle.ones([2, 3, 1]))[2].shape
assert got == [2], f"got ranks of shape {got}, expected [2]"
