"""static-loop-no-gradient: paddle+static=ast >=3.0, <3.4. Promised: A compiled loop runs as often as it does
eagerly, and its gradient goes back through each round. Instead: Results gathered in a list by a loop of which a
tensor decides how often it runs have no gradient, and nothing says so: the input's gradient is None."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    found = []
    i = 0
    while i < x.max():
        found.append(x * i)
        i += 1
    return paddle.stack(found).sum(0)


x = paddle.to_tensor([3.0, 3.0], stop_gradient=False)
program(x).sum().backward()
assert x.grad is not None, "got no gradient, expected [3.0, 3.0]"
