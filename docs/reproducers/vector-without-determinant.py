"""vector-without-determinant: paddle >=3.1, <3.4. Promised: Matrices that are not square, do not fit, or have no
inverse or root are refused, and vectors in their place. Instead: det takes a vector, which has no determinant, and
gives a tensor without elements; torch refuses it."""
import paddle

try:
    got = paddle.linalg.det(paddle.ones([3])).shape
except Exception:
    got = "an error"
assert got == "an error", f"got a tensor of shape {got}, expected an error"
