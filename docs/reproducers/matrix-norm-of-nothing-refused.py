"""matrix-norm-of-nothing-refused: paddle >=3.1.1, <3.4. Promised: Of matrices without elements: 1 is their
determinant, 0 their norms and ranks, and no more than shapes all else. The gradient is without elements too.
Instead: The norms 1, 2 and inf of a matrix without columns, rows or either are refused, where the largest of
nothing is 0, and so is matrix_exp, which scales by a norm."""
import paddle

try:
    got = paddle.linalg.matrix_norm(paddle.ones([0, 3]), float("inf")).item()
except Exception as error:
    got = error
assert got == 0, f"got {got}, expected 0"
