"""static-view-copied: paddle+static=ast >=2.6.2, <3.4. Promised: A compiled program writes into its caller's
tensors what the eager one does, and leaves all else as it was. Instead: A part, a reshape or a transpose within a
program is a copy: what is written into x[0] or x.t() is not in x."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    y = x[0]
    y[1] = 7.0
    return x * 2.0


got = program(paddle.to_tensor([[1.0, 2.0]])).tolist()
assert got == [[2.0, 14.0]], f"got {got}, expected [[2.0, 14.0]]"
