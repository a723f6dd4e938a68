"""static-loop-else: paddle+static=ast >=2.6.2, <3.4. Promised: A compiled loop runs as often as it does eagerly,
and its gradient goes back through each round. Instead: The `else` of a `for` is left out."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    y = x * 1.0
    for _ in range(3):
        y = y * 2.0
    else:
        y = y + x
    return y


got = program(paddle.to_tensor([1.0, 2.0])).tolist()
assert got == [9.0, 18.0], f"got {got}, expected [9.0, 18.0]"
