"""slogdet-shape-static: paddle+static=ast >=2.6.2, <3.4. Promised: Sign and logarithm of the size of the
determinant. Instead: A program takes the shape of slogdet's result for that of its input: of a matrix of one
number, or a batch of one matrix, slogdet(x)[1] raises IndexError, though the result has two numbers."""
import paddle


def logarithm(x):
    return paddle.linalg.slogdet(x)[1]


x = paddle.ones([1, 2, 2]) + paddle.eye(2)
print("eager:", logarithm(x))
try:
    paddle.jit.to_static(logarithm, full_graph=True)(x)
except IndexError as error:
    raise AssertionError("of a batch of one matrix a program sees the sign alone") from error
