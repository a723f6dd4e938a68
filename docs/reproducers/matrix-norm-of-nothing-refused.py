""""""
import paddle

try:
    got = paddle.linalg.matrix_norm(paddle.ones([0, 3]), float("inf")).item()
except Exception as error:
    got = error
assert got == 0, f"got {got}, expected 0"
