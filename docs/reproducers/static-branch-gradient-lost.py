"""static-branch-gradient-lost: paddle+static=ast >=3.0, <3.4. Promised: A compiled program takes the branch that
its input's values choose, and its gradient goes back through it. Instead: What is made before a branch on a tensor
and used both within it and elsewhere loses the gradient of one way: y = x; if x.sum() > 8: y = y * 2; return y * x
gives a gradient of 1 where x is 1 and no branch is taken; right is 2."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    y = x
    if x.sum() > 8.0:
        y = y * 2.0
    return y * x


x = paddle.to_tensor([1.0, 1.0], stop_gradient=False)
program(x).sum().backward()
got = x.grad.tolist()
assert got == [2.0, 2.0], f"got the gradient {got}, expected [2.0, 2.0]"
