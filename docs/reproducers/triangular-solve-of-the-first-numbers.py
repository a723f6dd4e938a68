"""triangular-solve-of-the-first-numbers: paddle >=2.6.2, <3.4. Promised: Matrices that are not square, do not fit,
or have no inverse or root are refused, and vectors in their place. Instead: A right side that is shorter than the
triangular matrix is taken: the first numbers of the matrix, row after row, are solved for as a smaller matrix."""
import paddle

try:
    got = paddle.linalg.triangular_solve(paddle.ones([3, 3]), paddle.ones([2, 1])).shape
except Exception:
    got = "an error"
assert got == "an error", f"got a solution of shape {got}, expected an error"
