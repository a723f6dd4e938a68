import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    return x * (x.sum() or x.max())


got = program(paddle.to_tensor([1.0, 2.0])).tolist()
assert got == [3.0, 6.0], f"got {got}, expected [3.0, 6.0]"
