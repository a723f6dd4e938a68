"""static-loop-gradient-refused: paddle+static=ast >=3.0, <3.4. Promised: A compiled loop runs as often as it does
eagerly, and its gradient goes back through each round. Instead: A loop of which a tensor decides how often it runs
has the right value, and the way back through it ends with an error: The variable middle_0 should exist."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    y = x * 1.0
    while y.sum() < 100.0:
        y = y * 2.0
    return y


x = paddle.to_tensor([1.0, 2.0], stop_gradient=False)
try:
    program(x).sum().backward()
except ValueError as error:
    raise AssertionError("got an error on the way back, expected the gradient [64.0, 64.0]") from error
