"""refused-gradient-switches-off: paddle >=3.1, <3.4. Promised: After a gradient that ended in an error, the next
one is made as if nothing had been. Instead: A second gradient that is refused (of put_along_axis, for one), or a
hook of saved tensors that raises, leaves gradients switched off: paddle.is_grad_enabled() is False, and the
backward of all that follows gives none, without a word."""
import paddle

x = paddle.ones([2, 3])
x.stop_gradient = False
y = paddle.put_along_axis(x, paddle.to_tensor([[0], [1]]), paddle.zeros([2, 1]), 1)
try:
    first = paddle.grad([(y * y).sum()], [x], create_graph=True)[0]
    paddle.grad([first.sum()], [x])
except Exception as error:
    print("refused:", str(error).strip())
got = paddle.is_grad_enabled()
paddle.set_grad_enabled(True)
assert got is True, f"got is_grad_enabled() {got}, expected True"
