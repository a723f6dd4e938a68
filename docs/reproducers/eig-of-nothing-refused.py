""""""
import paddle

try:
    got = paddle.linalg.eig(paddle.ones([0, 0]))[0].shape
except Exception as error:
    got = error
assert got == [0], f"got {got}, expected eigenvalues of shape [0]"
