import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    y = x * 1.0
    y[0] = 5.0
    return y * y


x = paddle.to_tensor([1.0, 2.0], stop_gradient=False)
program(x).sum().backward()
got = x.grad.tolist()
assert got == [0.0, 4.0], f"got the gradient {got}, expected [0.0, 4.0]"
