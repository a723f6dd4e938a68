"""static-one-for-equal: paddle+static=ast >=2.6.2, <3.4. Promised: A compiled program reads numbers, weights and
parts as they are at each call, and counts every call. Instead: A program compiled for 1 is also used for True and
for 1.0, which are equal: isinstance(n, float) is as it was for 1."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x, n):
    return x * (3.0 if isinstance(n, float) else 2.0)


got = [program(paddle.ones([1]), n).item() for n in (1, 1.0)]
assert got == [2.0, 3.0], f"got {got}, expected [2.0, 3.0]"
