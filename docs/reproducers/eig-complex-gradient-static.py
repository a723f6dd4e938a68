"""eig-complex-gradient-static: paddle+static=ast >=3.0, <3.4. Promised: The sum of squares of the eigenvalues of
any matrix, and its gradient. Instead: Through eig of a real matrix a program gives a complex gradient, where an
eager call gives its real part. What eigvals gives has a gradient of zeros, as bce-target-zero-static."""
import paddle


def squares(x):
    values, vectors = paddle.linalg.eig(x)
    return (values * values).sum().real()


x = paddle.to_tensor([[0.75]], stop_gradient=False)
paddle.jit.to_static(squares, full_graph=True)(x).backward()
assert x.grad.dtype == x.dtype, f"got a gradient of {x.grad.dtype}, expected one of {x.dtype}"
