import paddle

calls = []


@paddle.jit.to_static(full_graph=True)
def program(x):
    calls.append(1)
    return x * len(calls)


got = [program(paddle.ones([1])).item() for _ in range(3)]
assert got == [1.0, 2.0, 3.0], f"got {got}, expected [1.0, 2.0, 3.0]"
