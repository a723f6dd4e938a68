"""subtract-number-static: paddle+static >=3.0, <3.4. Promised: The difference with a number on either side.
Instead: A number beside a float64 tensor is rounded to float32 in a compiled program, where an eager one keeps it:
x - 0.1 is off by 1.5e-9, and with integers x == 2**53 + 1 is false where it is true."""
import paddle


def less(x):
    return x - 0.1


got = paddle.jit.to_static(less, full_graph=True)(paddle.to_tensor([0.5], dtype="float64")).item()
assert abs(got - 0.4) < 1e-15, f"got {got}, expected 0.4"
