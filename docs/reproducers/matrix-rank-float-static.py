"""matrix-rank-float-static: paddle+static=ast >=3.1.1, <3.4. Promised: Of matrices without elements: 1 is their
determinant, 0 their norms and ranks, and no more than shapes all else. The gradient is without elements too.
Instead: A program takes matrix_rank's result for float32, though it is int64: what computes with it, such as rank +
1, ends with an error about types. By itself it is returned right."""
import paddle


def next_rank(x):
    return paddle.linalg.matrix_rank(x) + 1


x = paddle.eye(2)
print("eager:", next_rank(x))
try:
    paddle.jit.to_static(next_rank, full_graph=True)(x)
except ValueError as error:
    raise AssertionError("a program cannot add 1 to a rank") from error
