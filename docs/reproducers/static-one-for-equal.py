import paddle

@paddle.jit.to_static(full_graph=True)
def program(x, n):
    return x * (3.0 if isinstance(n, float) else 2.0)


got = [program(paddle.ones([1]), n).item() for n in (1, 1.0)]
assert got == [2.0, 3.0], f"got {got}, expected [2.0, 3.0]"
