"""static-effects-once: paddle+static=ast >=2.6.2, <3.4. Promised: A compiled program reads numbers, weights and
parts as they are at each call, and counts every call. Instead: What a program leaves in Python is left once, when
it is compiled, or never: a counter stands at 1 after three calls, and a list that is an argument or a default stays
empty."""
import paddle

calls = []


@paddle.jit.to_static(full_graph=True)
def program(x):
    calls.append(1)
    return x * len(calls)


got = [program(paddle.ones([1])).item() for _ in range(3)]
assert got == [1.0, 2.0, 3.0], f"got {got}, expected [1.0, 2.0, 3.0]"
