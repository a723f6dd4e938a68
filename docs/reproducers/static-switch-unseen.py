"""static-switch-unseen: paddle+static=ast >=3.0, <3.4. Promised: A compiled program gives what the eager one gives:
names and order, nothing for nothing, views for views. Instead: stop_gradient that a program sets of its argument is
not set of the caller's tensor."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    x.stop_gradient = True
    return x * 2.0


x = paddle.to_tensor([1.0], stop_gradient=False)
program(x)
assert x.stop_gradient, "got an argument that learns, expected one that does not"
