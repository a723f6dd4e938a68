"""static-back-once: paddle+static=ast >=2.6.2, <3.4. Promised: A compiled program passes the gradients that the
eager one passes, whatever its first call asked for. Instead: retain_graph=True keeps nothing of a program: going
back a second time ends with an error about a tensor without memory."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    return x * x


x = paddle.to_tensor([1.0], stop_gradient=False)
output = program(x)
output.backward(retain_graph=True)
try:
    output.backward()
except RuntimeError as error:
    raise AssertionError("got an error the second time, expected the gradient 4.0") from error
