"""static-in-place-left-out: paddle+static=ast >=2.6.2, <3.4. Promised: What a compiled program changes in place has
the new values and their gradient, and what it detaches has none. Instead: A call in place whose result is not taken
is left out: y.add_(x), y.clip_(1, 5), relu_(y) and y.multiply_(x) change nothing."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    y = x * 1.0
    y.add_(x)
    return y


got = program(paddle.to_tensor([1.0, 2.0])).tolist()
assert got == [2.0, 4.0], f"got {got}, expected [2.0, 4.0]"
