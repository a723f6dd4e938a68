"""sot-or-refused: paddle+static=sot >=3.3, <3.4. Promised: A compiled program takes the branch that its input's
values choose, and its gradient goes back through it. Instead: `a or b` of tensors within an expression is refused
with an InnerError of the compiler's own stack, where it shall leave what it cannot take to Python."""
import paddle

@paddle.jit.to_static(full_graph=False)
def program(x):
    return x * (x.sum() or x.max())


try:
    program(paddle.to_tensor([1.0, 2.0]))
except Exception as error:
    raise AssertionError(f"got {type(error).__name__}, expected [3.0, 6.0]") from error
