import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    x.stop_gradient = True
    return x * 2.0


x = paddle.to_tensor([1.0], stop_gradient=False)
program(x)
assert x.stop_gradient, "got an argument that learns, expected one that does not"
