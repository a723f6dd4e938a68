"""inplace-copy-gradient: paddle >=2.6.2, <3.4. Promised: A method that changes a view in place changes the tensor,
and its gradient. Instead: copy_ replaces the numbers of a tensor and not its place in the graph: after
y.copy_(ones) the gradient of what y was made of is still 1, and right is 0."""
import paddle

x = paddle.ones([2])
x.stop_gradient = False
y = x * 1.0
y.copy_(paddle.zeros([2]), True)
got = paddle.grad([y], [x], [paddle.ones([2])])[0].tolist()
assert got == [0.0, 0.0], f"y is {y.tolist()}; got its gradient {got}, expected [0.0, 0.0]"
