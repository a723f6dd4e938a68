""""""
import paddle

try:
    got = paddle.linalg.triangular_solve(paddle.ones([3, 3]), paddle.ones([2, 1])).shape
except Exception:
    got = "an error"
assert got == "an error", f"got a solution of shape {got}, expected an error"
