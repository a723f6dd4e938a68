"""compat-unique-flat-inverse: paddle >=3.3, <3.4. Promised: The distinct elements or slices in order, where each of
the input's stands among them, and how often. Instead: The inverse of paddle.compat.unique is a vector as
paddle.unique's, not of the input's shape as torch's: (6,) for (3, 2)."""
import paddle

x = paddle.to_tensor([[2.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
got = paddle.compat.unique(x, return_inverse=True)[1].tolist()
expected = [[2, 1], [1, 0], [0, 0]]
assert got == expected, f"got {got}, expected {expected}"
