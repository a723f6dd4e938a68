import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    return x * float(x.sum())


x = paddle.to_tensor([1.0, 2.0], stop_gradient=False)
program(x).sum().backward()
got = x.grad.tolist()
assert got == [3.0, 3.0], f"got the gradient {got}, expected [3.0, 3.0]"
