import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    x[0] = 0.0
    return x * 2.0


x = paddle.to_tensor([1.0, 2.0])
program(x)
got = x.tolist()
assert got == [0.0, 2.0], f"got {got} in the caller's tensor, expected [0.0, 2.0]"
