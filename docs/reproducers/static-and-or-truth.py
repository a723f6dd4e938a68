"""static-and-or-truth: paddle+static=ast >=2.6.2, <3.4. Promised: A compiled program takes the branch that its
input's values choose, and its gradient goes back through it. Instead: `a or b` and `a and b` of tensors give
whether they hold, where Python gives one of the two: x * (x.sum() or x.max()) is x."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    return x * (x.sum() or x.max())


got = program(paddle.to_tensor([1.0, 2.0])).tolist()
assert got == [3.0, 6.0], f"got {got}, expected [3.0, 6.0]"
