"""static-output-in-argument: paddle+static=ast >=3.0, <3.4. Promised: A compiled program writes into its caller's
tensors what the eager one does, and leaves all else as it was. Instead: A program that writes into its argument and
goes on to an elementwise call leaves the call's result in the caller's tensor: after x[0] = 0; return x * 2 the
caller's x has been doubled too."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    x[0] = 0.0
    return x * 2.0


x = paddle.to_tensor([1.0, 2.0])
program(x)
got = x.tolist()
assert got == [0.0, 2.0], f"got {got} in the caller's tensor, expected [0.0, 2.0]"
