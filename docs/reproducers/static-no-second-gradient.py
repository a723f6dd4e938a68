"""static-no-second-gradient: paddle+static=ast >=2.6.2, <3.4. Promised: A compiled program passes the gradients
that the eager one passes, whatever its first call asked for. Instead: The gradient of a program, made with
create_graph=True, has no gradient of its own, and nothing says so."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    return x * x * x


x = paddle.to_tensor([2.0], stop_gradient=False)
(first,) = paddle.grad([program(x)], [x], create_graph=True)
first.sum().backward()
assert x.grad is not None, "got no gradient of the gradient, expected [12.0]"
