"""static-overwritten-after-use: paddle+static >=3.0, <3.4. Promised: What a compiled program changes in place has
the new values and their gradient, and what it detaches has none. Instead: What a program overwrites after its use
goes back with what stands there then, and nothing says so: after square = y * y; y[0] = x[1] * 3 the gradient of
square is 6 x[1] in the row, and right is 2 y[0] as it was. An eager call refuses it on its way back."""
import paddle


def program(x):
    y = x * 1.0
    square = y * y
    y[0] = x[1] * 3.0
    return square + y


x = paddle.to_tensor([[1.0], [2.0]], stop_gradient=False)
paddle.jit.to_static(program, full_graph=True)(x).sum().backward()
got = x.grad.tolist()
assert got == [[2.0], [8.0]], f"gradient of x * x + [3 x[1], x[1]] at 1 and 2: got {got}, expected [[2.0], [8.0]]"
