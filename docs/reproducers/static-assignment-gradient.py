"""static-assignment-gradient: paddle+static=ast >=3.0, <3.4. Promised: What a compiled program changes in place has
the new values and their gradient, and what it detaches has none. Instead: An element that a program assigns a
number still passes the gradient of what was there: after y = x * 1; y[0] = 5 the gradient of y * y with respect to
x[0] is 10, and right is 0."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    y = x * 1.0
    y[0] = 5.0
    return y * y


x = paddle.to_tensor([1.0, 2.0], stop_gradient=False)
program(x).sum().backward()
got = x.grad.tolist()
assert got == [0.0, 4.0], f"got the gradient {got}, expected [0.0, 4.0]"
