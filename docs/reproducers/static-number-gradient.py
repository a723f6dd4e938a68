"""static-number-gradient: paddle+static=ast >=2.6.2, <3.4. Promised: A number that Python takes from a tensor is a
number: it has its value, and no gradient goes back through it. Instead: float(t), int(t) and t.item() stay part of
what is differentiated: the gradient of x * float(x.sum()) at [1, 2] is 6, where a number has none and it is 3."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    return x * float(x.sum())


x = paddle.to_tensor([1.0, 2.0], stop_gradient=False)
program(x).sum().backward()
got = x.grad.tolist()
assert got == [3.0, 3.0], f"got the gradient {got}, expected [3.0, 3.0]"
