import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    y = x[0]
    y[1] = 7.0
    return x * 2.0


got = program(paddle.to_tensor([[1.0, 2.0]])).tolist()
assert got == [[2.0, 14.0]], f"got {got}, expected [[2.0, 14.0]]"
