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
