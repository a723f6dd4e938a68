import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    return x * x


x = paddle.to_tensor([1.0], stop_gradient=False)
output = program(x)
output.backward(retain_graph=True)
try:
    output.backward()
except RuntimeError as error:
    raise AssertionError("got an error the second time, expected the gradient 4.0") from error
