import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    y = x * 1.0
    y.add_(x)
    return y


got = program(paddle.to_tensor([1.0, 2.0])).tolist()
assert got == [2.0, 4.0], f"got {got}, expected [2.0, 4.0]"
