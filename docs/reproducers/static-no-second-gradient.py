import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    return x * x * x


x = paddle.to_tensor([2.0], stop_gradient=False)
(first,) = paddle.grad([program(x)], [x], create_graph=True)
first.sum().backward()
assert x.grad is not None, "got no gradient of the gradient, expected [12.0]"
