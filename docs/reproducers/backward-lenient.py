"""backward-lenient: paddle >=2.6.2, <3.4. Promised: A graph may be gone through once, or again if kept, from a
number, for floats, with its values intact. Instead: backward() of a tensor with several elements backpropagates
ones, and of one that needs no gradient does nothing; torch refuses both."""
import paddle

x = paddle.ones([2])
x.stop_gradient = False
try:
    (x * 2).backward()
except Exception:
    pass
assert x.grad is None, f"backward of two elements is not refused: the gradient is {x.grad.numpy()}"
